"""What is wrong with a request, in Google's form: {"error": {"code", "message", "status", "details"}}."""

from typing import Any

from vitascope.serve.problem import Kind, Problem

STATUS: dict[Kind, str] = {
    "invalid": "INVALID_ARGUMENT", "missing_field": "INVALID_ARGUMENT", "malformed": "INVALID_ARGUMENT",
    "model": "NOT_FOUND", "no_key": "UNAUTHENTICATED", "bad_key": "UNAUTHENTICATED", "forbidden": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND", "path": "NOT_FOUND", "method": "NOT_FOUND", "not_ready": "FAILED_PRECONDITION",
    "failed": "FAILED_PRECONDITION", "too_large": "INVALID_ARGUMENT", "type": "INVALID_ARGUMENT",
    "rate": "RESOURCE_EXHAUSTED", "full": "RESOURCE_EXHAUSTED", "busy": "RESOURCE_EXHAUSTED", "internal": "INTERNAL",
}  # fmt: skip
CODES = {"model": 404, "method": 404, "ALREADY_EXISTS": 409}  # other than the problem's own
_TYPE = "type.googleapis.com/google.rpc."


def error(problem: Problem, request_id: str) -> dict[str, Any]:
    """The body of a refusal."""
    code = CODES.get(problem.code or "", CODES.get(problem.kind, problem.status))
    told: dict[str, Any] = {"code": code, "message": problem.message, "status": problem.code or STATUS[problem.kind]}
    details: list[dict[str, Any]] = []
    if problem.kind in ("no_key", "bad_key"):
        reason = "API_KEY_INVALID" if problem.kind == "bad_key" else "CREDENTIALS_MISSING"
        details.append({"@type": f"{_TYPE}ErrorInfo", "reason": reason, "domain": "googleapis.com"})
    if problem.field is not None and code == 400:
        violation = {"field": problem.field, "description": problem.message}
        details.append({"@type": f"{_TYPE}BadRequest", "fieldViolations": [violation]})
    if problem.retry_after is not None:
        details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{max(1, round(problem.retry_after))}s"})
    return {"error": told | ({"details": details} if details else {})}
