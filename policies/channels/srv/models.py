"""SRV-05: notebooks, models, agents and whatever they call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from policies.channels.evidence import Control, Evidence
from policies.channels.outward import fault, flag, present, sends
from policies.channels.registry import channel
from policies.channels.starting import may_start
from policies.expressions.values import Unknown
from policies.facts.flows import leaves
from policies.facts.resource import Res
from policies.facts.world import World


def _yes(value: Any) -> bool:
    return value is True or value == "true"


def _no(value: Any) -> bool:
    return value is False or value == "false"


@dataclass(frozen=True, slots=True)
class _Setting:
    """One setting that keeps a type off the internet; where its block is missing, ``default`` holds."""

    type: str
    block: str
    name: str
    wanted: Callable[[Any], bool]
    default: Any
    says: str


_SETTINGS = (
    _Setting("google_workbench_instance", "gce_setup", "disable_public_ip", _yes, False,
             "Notebook {} has an address on the internet"),
    _Setting("google_colab_runtime_template", "network_spec", "enable_internet_access", _no, True,
             "Notebooks made from template {} reach the internet"),
    _Setting("google_workstations_workstation_cluster", "private_cluster_config", "enable_private_endpoint", _yes, False,
             "Workstations of cluster {} are opened from the internet, and people copy out what they see"),
    _Setting("google_workstations_workstation_config", "host.gce_instance", "disable_public_ip_addresses", _yes, False,
             "Workstations of configuration {} have addresses on the internet"),
    _Setting("google_tpu_v2_vm", "network_config", "enable_external_ips", _no, False,
             "TPU machine {} has an address on the internet"),
    _Setting("google_tpu_v2_queued_resource", "tpu.node_spec.node.network_config", "enable_external_ips", _no, False,
             "TPU machines queued by {} have addresses on the internet"),
    _Setting("google_gemini_data_sharing_with_google_setting", "", "enable_data_sharing", _no, False,
             "Setting {} shares prompts and code with Google"),
    _Setting("google_gemini_data_sharing_with_google_setting", "", "enable_preview_data_sharing", _no, False,
             "Setting {} shares prompts and code of previews with Google"),
    _Setting("google_vertex_ai_index_endpoint", "", "public_endpoint_enabled", _no, False,
             "Vector search endpoint {} answers on the internet"),
)  # fmt: skip

_NETWORKS = (
    ("google_workbench_instance", "gce_setup.network_interfaces.network", "network"),
    ("google_workbench_instance", "gce_setup.network_interfaces.subnet", "subnetwork"),
    ("google_colab_runtime_template", "network_spec.network", "network"),
    ("google_colab_runtime_template", "network_spec.subnetwork", "subnetwork"),
    ("google_workstations_workstation_cluster", "network", "network"),
    ("google_workstations_workstation_cluster", "subnetwork", "subnetwork"),
    ("google_vertex_ai_endpoint", "network", "network"),
    ("google_vertex_ai_index_endpoint", "network", "network"),
    ("google_tpu_v2_vm", "network_config.network", "network"),
    ("google_tpu_v2_vm", "network_config.subnetwork", "subnetwork"),
)
_OUTPUTS = (
    ("google_colab_notebook_execution", "gcs_output_uri", "bucket", "Notebook execution {} writes its results to"),
    ("google_colab_schedule", "create_notebook_execution_job_request.notebook_execution_job.gcs_output_uri", "bucket",
     "Notebook schedule {} writes its results to"),
    ("google_vertex_ai_endpoint", "predict_request_response_logging_config.bigquery_destination.output_uri", "dataset",
     "Model endpoint {} logs requests and answers to"),
    ("google_vertex_ai_endpoint", "private_service_connect_config.project_allowlist", "project",
     "Model endpoint {} is published to"),
    ("google_vertex_ai_index_endpoint", "private_service_connect_config.project_allowlist", "project",
     "Vector search endpoint {} is published to"),
    ("google_dialogflow_cx_webhook", "generic_web_service.uri", "url", "Dialogflow webhook {} posts conversations to"),
    ("google_dialogflow_fulfillment", "generic_web_service.uri", "url", "Dialogflow fulfilment {} posts conversations to"),
    ("google_dialogflow_conversation_profile", "notification_config.topic", "topic",
     "Conversation profile {} sends conversations to"),
)  # fmt: skip

_PRESENT = {
    "google_vertex_ai_endpoint_with_model_garden_deployment": "Endpoint {} serves a model of somebody else's making",
    "google_vertex_ai_model_garden_enable_model": "Model {} of a partner receives the prompts sent to it",
    "google_vertex_ai_reasoning_engine": "Agent {} runs code and tools on Google's side, with the internet in reach",
    "google_agent_registry_service": "Agent service {} is called by, and calls, agents outside",
    "google_agent_registry_binding": "Agent binding {} lets agents call one another",
    "google_agentic_applications_analyst_agent_persona": "Agent {} reads data and answers people",
    "google_ces_agent": "Agent {} reads data and answers people through tools",
    "google_ces_app": "Agent application {} reads data and answers people through tools",
    "google_ces_tool": "Tool {} lets an agent call systems outside",
    "google_ces_toolset": "Tool set {} lets an agent call systems outside",
    "google_ces_deployment": "Deployment {} opens an agent to a channel of people outside",
    "google_dialogflow_cx_tool": "Tool {} lets a conversation call systems outside",
    "google_dialogflow_cx_playbook": "Playbook {} lets a conversation use tools outside",
    "google_dialogflow_sip_trunk": "SIP trunk {} carries conversations to a telephone network",
    "google_discovery_engine_data_connector": "Data connector {} exchanges data with a system outside",
    "google_discovery_engine_target_site": "Search {} crawls sites of the internet",
    "google_discovery_engine_assistant": "Assistant {} may ground its answers on the web",
    "google_discovery_engine_widget_config": "Search widget {} answers on web pages of the internet",
    "google_gemini_code_repository_index": "Index {} copies source code to Gemini",
    "google_gemini_repository_group": "Repository group {} gives Gemini source code of a host outside",
    "google_notebooks_instance": "Notebook {} has an address on the internet and a browser that downloads files",
    "google_notebooks_runtime": "Notebook {} has an address on the internet and a browser that downloads files",
    "google_workstations_workstation": "Workstation {} shows its owner files in a browser that may keep them",
    "google_ml_engine_model": "Model {} answers on a public endpoint",
}

# What is made at run time stands in no plan: by the service, what makes code run there, and what it is called.
_STARTED = (
    ("aiplatform.googleapis.com", (
        "aiplatform.customJobs.create", "aiplatform.hyperparameterTuningJobs.create", "aiplatform.nasJobs.create",
        "aiplatform.trainingPipelines.create", "aiplatform.pipelineJobs.create", "aiplatform.schedules.create",
        "aiplatform.persistentResources.create", "aiplatform.batchPredictionJobs.create", "aiplatform.models.upload",
        "aiplatform.reasoningEngines.create", "aiplatform.sandboxEnvironments.create", "aiplatform.extensions.execute",
        "aiplatform.notebookExecutionJobs.create", "aiplatform.notebookRuntimes.assign",
        "aiplatform.notebookRuntimeTemplates.create",
    ), "start jobs and notebooks of Vertex AI, whose code runs on Google's machines with the internet in reach"),
    ("notebooks.googleapis.com", ("notebooks.instances.create", "notebooks.runtimes.create",
                                  "notebooks.executions.create", "notebooks.schedules.create"),
     "make notebooks, with addresses and a browser of its choice"),
    ("workstations.googleapis.com", ("workstations.workstations.create", "workstations.workstationConfigs.create"),
     "make workstations, whose browser downloads files"),
    ("ml.googleapis.com", ("ml.jobs.create", "ml.versions.create"),
     "start jobs of AI Platform, whose code runs on Google's machines with the internet in reach"),
    ("dialogflow.googleapis.com", ("dialogflow.webhooks.create", "dialogflow.tools.create"),
     "make webhooks and tools of conversations, which call any URL"),
)  # fmt: skip


@channel("SRV-05")
def models_and_notebooks_stay_inside(world: World) -> Iterator[Evidence]:
    """Notebooks and endpoints are private, and no agent or model calls anything outside."""
    for setting in _SETTINGS:
        for res in world.of(setting.type):
            yield from _setting(res, setting)
    for res in world.of("google_vertex_ai_endpoint"):
        yield _endpoint(res)
    for type_, path, kind in _NETWORKS:
        yield from sends(world, type_, path, kind, "{} stands in")
    for type_, path, kind, says in _OUTPUTS:
        yield from sends(world, type_, path, kind, says)
    for type_, says in _PRESENT.items():
        yield from present(world, [type_], says)
    for res in world.of("google_workbench_instance"):
        for attribute, _ in leaves(res, "gce_setup.network_interfaces.access_configs"):
            yield fault(res, attribute, "Notebook {} has an address on the internet")
    for service, permissions, does in _STARTED:
        yield from may_start(world, service, permissions, does)


def _setting(res: Res, setting: _Setting) -> Iterator[Evidence]:
    path = f"{setting.block}.{setting.name}" if setting.block else setting.name
    fix = f"set {path} of {res.address} to keep it off the internet"
    value = res.get(setting.block) if setting.block else None
    if isinstance(value, Unknown):
        yield fault(
            res,
            path,
            f"{setting.says}, unless its settings, which are not known, say otherwise",
            "undecided",
            fix,
        )
        return
    blocks = res.blocks(setting.block) if setting.block else [res]
    if not blocks and not setting.wanted(setting.default):
        yield fault(res, path, setting.says, fix=fix)
    for block in blocks:
        yield flag(res, block, setting.name, setting.wanted, setting.default, setting.says, fix)


def _endpoint(res: Res) -> Evidence:
    private = res.get("private_service_connect_config.enable_private_service_connect", False)
    if res.get("network") is not None:
        return Control(res.address, "network")
    if _yes(private):
        return Control(res.address, "private_service_connect_config.enable_private_service_connect")
    return fault(res, "network", "Model endpoint {} answers on the internet",
                 fix=f"set private_service_connect_config or network of {res.address}")  # fmt: skip
