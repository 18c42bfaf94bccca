"""Calls that the API server itself makes: webhooks, conversions and aggregated APIs (K8S-06).

They leave from Google's tenant project with an external address: no firewall, NAT, network policy or perimeter of ours
sees them.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from policies.channels.evidence import Control, Evidence, Leak, Step
from policies.channels.k8s.wording import fix_of, leak, subject_of, tenant
from policies.channels.registry import channel
from policies.expressions.values import Unknown
from policies.facts.kubernetes.objects import Object, objects
from policies.facts.kubernetes.powers import HOOKS
from policies.facts.kubernetes.rbac import holders
from policies.facts.network.addresses import PRIVATE, parse
from policies.facts.resource import Block
from policies.facts.world import World

_API = "the API server"
_HOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")


@channel("K8S-06")
def the_api_server_calls_nobody_outside(world: World) -> Iterator[Evidence]:
    """Webhooks, conversions and aggregated APIs name services of the cluster only, and tenants can register none."""
    for obj, client in _clients(world):
        yield from _client(world, obj, client)
    for obj in objects(world, "APIService"):
        yield from _aggregated(world, obj)
    clean = True
    for holding, _ in holders(world, HOOKS.name):
        if not tenant(holding) or holding.unknown or (holding.by_iam and holding.whole):
            continue
        clean = False
        who, role = holding.subject.says, holding.role
        if holding.subject.kind == "unknown":
            sentence = f"{who} may {HOOKS.does} by {role}, as far as can be told: {holding.subject.why}."
            yield leak(
                "undecided",
                subject_of(holding),
                sentence,
                address=holding.res.address,
                attribute=holding.attribute,
            )
            continue
        yield leak(
            "open", subject_of(holding),
            f"{who} may {HOOKS.does} by {role}: one with a URL sends every object it asks for to any address, past every firewall.",
            (
                Step(who, _API, f"{role} lets it {HOOKS.does}", holding.res.address, holding.attribute),
                Step(_API, "any address", "webhooks are called from Google's own network"),
            ),
            fix_of(holding), holding.res.address, holding.attribute,
        )  # fmt: skip
    if clean:
        for obj in objects(world, "ClusterRole", "Role"):
            yield Control(obj.address, obj.where("rules"))


def _clients(world: World) -> Iterator[tuple[Object, Block]]:
    """Every client configuration with the object it stands in."""
    for obj in objects(world, *_HOOKS):
        for hook in obj.body.blocks("webhooks"):
            for client in hook.blocks("clientConfig") or [hook]:
                yield obj, client
    for obj in objects(world, "CustomResourceDefinition"):
        for client in obj.body.blocks("spec.conversion.webhook.clientConfig"):
            yield obj, client
        for client in obj.body.blocks("spec.conversion.webhookClientConfig"):
            yield obj, client


def _client(world: World, obj: Object, client: Block) -> Iterator[Evidence]:
    url = client.get("url")
    attribute = obj.where(client.at("url"))
    if isinstance(url, Unknown) or any(client.unknowns("service")):
        reason = url.reason if isinstance(url, Unknown) else client.unknowns("service")[0][1].reason
        sentence = f"Whom the API server calls for {obj} is not known: {reason}."
        yield leak("undecided", obj.subject, sentence, address=obj.address, attribute=attribute)
    elif url is not None:
        yield _url(obj, str(url), attribute)
    else:
        yield from _service(
            world,
            obj,
            client.get("service.namespace"),
            client.get("service.name"),
            obj.where(client.at("service")),
        )


def _url(obj: Object, url: str, attribute: str) -> Leak:
    host = urlsplit(url).hostname or url
    address = parse(host)
    what = "every object that a request carries" if obj.kind in _HOOKS else "every object of its kind"
    if address is not None and address <= PRIVATE:
        sentence = f"The API server sends {what} to {url} for {obj}; only that the address is private keeps it from the internet."
        return leak(
            "weakened",
            obj.subject,
            sentence,
            (),
            "name a service of the cluster instead of a URL",
            obj.address,
            attribute,
        )
    sentence = f"The API server sends {what} to {url} for {obj}, from Google's network, where no firewall or perimeter of the project sees it."
    path = (
        Step("objects of the cluster", _API, f"{obj} asks for them", obj.address, attribute),
        Step(_API, host, "it calls the URL from Google's own network", obj.address, attribute),
    )
    return leak(
        "open",
        obj.subject,
        sentence,
        path,
        "name a service of the cluster instead of a URL",
        obj.address,
        attribute,
    )


def _aggregated(world: World, obj: Object) -> Iterator[Evidence]:
    name, space = obj.body.get("spec.service.name"), obj.body.get("spec.service.namespace")
    attribute = obj.where("spec.service")
    if name is None:
        return
    external = _external(world, space, name)
    if external is not None or isinstance(name, Unknown):
        yield from _service(world, obj, space, name, attribute)
        return
    sentence = f"APIService {obj.subject} makes the API server pass requests on to service {name}; only that the service is inside the cluster keeps them in."
    yield leak("weakened", obj.subject, sentence, (), f"remove {obj.address}", obj.address, attribute)


def _service(world: World, obj: Object, space: object, name: object, attribute: str) -> Iterator[Evidence]:
    if isinstance(space, Unknown) or isinstance(name, Unknown):
        sentence = f"Which service the API server calls for {obj} is not known."
        yield leak("undecided", obj.subject, sentence, address=obj.address, attribute=attribute)
        return
    external = _external(world, space, name)
    if external is None:
        yield Control(obj.address, attribute)
        return
    service, host = external
    sentence = f"The API server calls service {name} for {obj}, and that service is a name for {host}, outside the cluster."
    path = (
        Step("objects of the cluster", f"service {name}", f"{obj} asks for them", obj.address, attribute),
        Step(
            f"service {name}",
            host,
            "it is an ExternalName",
            service.address,
            service.where("spec.externalName"),
        ),
    )
    yield leak(
        "open", obj.subject, sentence, path, f"let {service.address} select pods", obj.address, attribute
    )


def _external(world: World, space: object, name: object) -> tuple[Object, str] | None:
    """The service where it stands for a name outside."""
    for service in objects(world, "Service"):
        if (
            service.name == name
            and service.namespace == space
            and service.body.get("spec.type") == "ExternalName"
        ):
            return service, str(service.body.get("spec.externalName"))
    return None
