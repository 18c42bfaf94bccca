"""Rules over how a flow is deployed, told of, configured, and what programs it starts."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator

from cloister.declarations.mistakes import shown
from runner.client.cluster.submit import NEED_TCP
from runner.client.flow.lint.decorators import called
from runner.client.flow.lint.inside import Inside
from runner.client.flow.lint.source import Source
from runner.client.flow.lint.tables import PROGRAMS, TCP_CALLS, TCP_DECORATORS, TCP_MODULES, below
from runner.client.flow.lint.uses import imported_by_call

Hit = tuple[ast.AST, str]

_NOTIFY = re.compile(r"notify_.*|slack_.*webhook.*|.*pager_?duty.*|.*incident_io.*")
_NOTIFY_FLAG = re.compile(r"--notify-[a-z-]+")
_DEPLOYERS = {
    "argo_workflows": "Argo Workflows",
    "step_functions": "AWS Step Functions",
    "airflow": "Airflow",
}
# What admission refuses in a pod's environment, and what would point Metaflow elsewhere.
FORBIDDEN = re.compile(
    r"(?i)(?:LD_.*|PYTHON.*|.*_PROXY|GOOGLE_.*|GCE_METADATA_.*|SSL_.*|STORAGE_EMULATOR_HOST|API_ENDPOINT_OVERRIDE)"
)
_POINTS_ELSEWHERE = re.compile(
    r"METAFLOW_(?:SERVICE_.*|DEFAULT_(?:DATASTORE|METADATA|ENVIRONMENT|EVENT_LOGGER|MONITOR|SECRETS.*)|DATASTORE_.*"
    r"|DATATOOLS_.*|CARD_\w+ROOT|S3_.*|AZURE_.*|KUBERNETES_.*|BATCH_.*|ARGO_.*|UI_URL|OTEL_.*|HOME)"
    r"|AWS_.*|AZURE_.*|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE|PIP_.*|HF_ENDPOINT"
)
_STARTERS = re.compile(
    r"subprocess\.(?:run|call|check_call|check_output|Popen|getoutput|getstatusoutput)|os\.(?:system|popen|exec\w+|spawn\w+|posix_spawnp?)"
    r"|asyncio\.create_subprocess_(?:exec|shell)|sh\.\w+"
)


def notifications(source: Source, inside: Inside) -> Iterator[Hit]:
    """Nobody outside is told how the flow ended."""
    for node in source.nodes:
        if isinstance(node, ast.keyword) and node.arg and _NOTIFY.fullmatch(node.arg):
            off = isinstance(node.value, ast.Constant) and not node.value.value
            if not off:
                yield node, f"the notify hook {node.arg}="
    for text in source.texts:
        if flag := _NOTIFY_FLAG.match(text.value):
            yield text.node, f"the notify hook {flag[0]}"


def deployments(source: Source, inside: Inside) -> Iterator[Hit]:
    """The flow deploys neither itself nor another to a foreign scheduler."""
    if not any(name.split(".")[0] == "metaflow" for _, name, _ in source.imports):
        return
    for node in source.nodes:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _DEPLOYERS
        ):
            yield node, f"a deployment to {_DEPLOYERS[node.func.attr]}"


def variables(source: Source, inside: Inside) -> Iterator[Hit]:
    """No variable is set that decides what is loaded or where data goes."""
    for decorator, _ in called(source, "environment"):
        given = decorator.keywords.get("vars")
        if isinstance(given, ast.Dict):
            yield from _refused(key for key in given.keys if key is not None)
    for node in source.nodes:
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            if source.dotted(node.value) == "os.environ":
                yield from _refused([node.slice])
        elif isinstance(node, ast.Call):
            name = source.dotted(node.func)
            if name in ("os.putenv", "os.environ.setdefault") and node.args:
                yield from _refused(node.args[:1])
            elif name == "os.environ.update":
                yield from _refused(
                    key
                    for item in node.args
                    if isinstance(item, ast.Dict)
                    for key in item.keys
                    if key is not None
                )
                yield from (
                    (word, f"sets {word.arg}") for word in node.keywords if word.arg and _forbidden(word.arg)
                )
            if name and _STARTERS.fullmatch(name):
                for word in node.keywords:
                    if word.arg == "env" and isinstance(word.value, ast.Dict):
                        yield from _refused(key for key in word.value.keys if key is not None)


def metadata(source: Source, inside: Inside) -> Iterator[Hit]:
    """Metadata is kept with the datastore and told to no service."""
    for call, name in source.calls:
        if name in ("metaflow.metadata", "metaflow.client.metadata") and call.args:
            given = call.args[0]
            local = isinstance(given, ast.Constant) and str(given.value).startswith(("local", "/", "."))
            if not local:
                yield call, "a metadata service"


def programs(source: Source, inside: Inside) -> Iterator[Hit]:
    """No program is started that talks to other hosts."""
    for call, words in commands(source):
        program, arguments = words[0], words[1:]
        if program in PROGRAMS:
            parts = PROGRAMS[program]
            part = next((word for word in arguments if not word.startswith("-")), "") if parts else ""
            if not parts or part in parts:
                yield call, f"starts {shown(f'{program} {part}'.strip(), 60)}"


def needs_tcp(source: Source, inside: Inside) -> Iterator[Hit]:
    """A sealed flow uses nothing that needs TCP."""
    if not inside.sealed:
        return
    for node, name, _ in source.imports:
        if hit := below(TCP_MODULES, name):
            yield node, f"{hit[1]} (imports {hit[0]})"
    for call, name in source.calls:
        if hit := below(TCP_CALLS, name):
            yield call, f"{hit[1]} ({hit[0]}())"
    for decorator, name in called(source, *TCP_DECORATORS):
        yield decorator.node, f"{TCP_DECORATORS[name]} (@{name})"
    for call, words in commands(source):
        if words[0] in NEED_TCP:
            yield call, f"{NEED_TCP[words[0]]} (starts {words[0]})"


def unreadable(source: Source, inside: Inside) -> Iterator[Hit]:
    """What a flow imports and runs can be read in its text."""
    for call, module in imported_by_call(source):
        if module is None:
            yield call, "an import whose module is computed"
    for call, name in source.calls:
        if name in ("exec", "eval") and call.args and not isinstance(call.args[0], ast.Constant):
            yield call, f"{name}() of a computed text"


def commands(source: Source) -> Iterator[tuple[ast.Call, list[str]]]:
    """Programs a flow starts, as far as they are written out: each with its arguments, without its directory.

    `python -m NAME` and `env`, `sudo`, `sh -c` in front are looked through.
    """
    for call, name in source.calls:
        if not _STARTERS.fullmatch(name):
            continue
        if name.startswith("sh."):
            yield call, [name.removeprefix("sh."), *filter(None, map(_word, call.args))]
            continue
        several = "exec" in name or "spawn" in name
        first = next((word.value for word in call.keywords if word.arg == "args"), None)
        first = call.args[0] if call.args else first
        if isinstance(first, (ast.List, ast.Tuple)):
            lists = [[_word(item) for item in first.elts]]
        elif several and call.args:
            lists = [[_word(item) for item in call.args]]
        elif first is not None:
            lists = [_split(part) for part in re.split(r"\|\|?|&&|;|\n|\$\(|`", _word(first))]
        else:
            continue
        for words in lists:
            if program := _program(words):
                yield call, program


def _word(node: ast.AST) -> str:
    """A word of a command; what is computed stands as `python` where it is the interpreter, else as nothing."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "_" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        return _word(node.left)
    return "python" if isinstance(node, ast.Attribute) and node.attr == "executable" else ""


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _program(words: list[str]) -> list[str]:
    names = [words[0].rpartition("/")[2], *words[1:]] if words else []
    while names and (
        names[0] in ("env", "sudo", "nohup", "time", "exec", "") or re.fullmatch(r"\w+=.*", names[0])
    ):
        names = [names[1].rpartition("/")[2], *names[2:]] if len(names) > 1 else []
    if len(names) > 2 and names[0].startswith("python") and names[1] == "-m":
        names = names[2:]
    if len(names) > 2 and names[0] in ("sh", "bash", "dash") and names[1] in ("-c", "-ec", "-lc"):
        return _program(_split(names[2]))
    return names


def _refused(keys: Iterator[ast.expr] | list[ast.expr]) -> Iterator[Hit]:
    for key in keys:
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and _forbidden(key.value):
            yield key, f"sets {shown(key.value, 60)}"


def _forbidden(name: str) -> bool:
    return bool(FORBIDDEN.fullmatch(name) or _POINTS_ELSEWHERE.fullmatch(name))
