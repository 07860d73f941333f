"""The page at /docs: our own protocol's OpenAPI document for people, without anything from elsewhere."""

import json
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } code, pre { font: 13px/1.45 ui-monospace, monospace; }
details { border: 1px solid var(--line); border-radius: 8px; margin: .5rem 0; padding: .5rem .9rem; }
summary { cursor: pointer; } summary b { display: inline-block; min-width: 4.5rem; }
pre { background: var(--soft); border-radius: 6px; padding: .7rem; overflow-x: auto; max-height: 24rem; }
td { padding: .1rem 1rem .1rem 0; vertical-align: top; } h4 { margin: .8rem 0 .2rem; }
"""


def page(document: dict[str, Any]) -> str:
    """HTML of an OpenAPI document: each operation with its parameters, and examples of what is sent and answered."""
    told = [
        _operation(path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    title = escape(f"{document['info']['title']} {document['info']['version']}")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
        f"<p>Our own protocol. Every request carries <code>Authorization: Bearer vita_…</code> "
        f'(<code>vitascope keys create</code>). For programs: <a href="/openapi.json">openapi.json</a>. '
        f"The other services' protocols are under <code>/openai/v1</code>, <code>/runway</code>, "
        f"<code>/luma/dream-machine/v1</code>, <code>/google</code> and <code>/kling</code>, for their own clients.</p>"
        f"{''.join(told)}</html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    parts = [f"<summary><b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation['summary'])}</summary>"]
    rows = [
        f"<tr><td><code>{escape(one['name'])}</code></td><td>{one['in']}, {escape(one['schema'].get('type', ''))}</td>"
        f"<td>{escape(one['schema'].get('description', ''))}</td></tr>"
        for one in operation.get("parameters", ())
    ]
    if rows:
        parts.append(f"<h4>Parameters</h4><table>{''.join(rows)}</table>")
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        example = f"<pre>{_shown(content['example'])}</pre>" if "example" in content else ""
        parts.append(f"<h4>Body, {escape(kind)}</h4>{example}")
    for status, answer in sorted(operation["responses"].items()):
        shown = [one["example"] for one in answer.get("content", {}).values() if "example" in one]
        if str(status).startswith("2"):
            examples = "".join(f"<pre>{_shown(one)}</pre>" for one in shown)
            parts.append(f"<h4>{status} {escape(answer['description'])}</h4>{examples}")
        else:
            parts.append(f"<div>{status} {escape(answer['description'])}</div>")
    return f"<details>{''.join(parts)}</details>"


def _shown(example: Any) -> str:
    return escape(example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False))
