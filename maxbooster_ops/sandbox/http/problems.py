"""Errors as RFC 9457 problem documents.

Belongs here: the shape of an error's body. Not here: when to answer one.
"""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


def problem(status: int, detail: str) -> JSONResponse:
    """Answer `status` with the reason."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Answer an error that Starlette found, such as an unknown path or a wrong method."""
    if not isinstance(error, HTTPException):  # Starlette's type of a handler is wider than what it calls us for
        raise error
    answer = problem(error.status_code, f"{request.method} {request.url.path}: {error.detail}")
    answer.headers.update(error.headers or {})
    return answer
