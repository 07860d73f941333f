"""Kling's keys: a JWT that the client has signed with its secret, or the plain key.

We keep hashes of keys only, so a client signs with its key and names the same key as the issuer: whoever can write it
there has it, and the signature shows that the rest of the token is theirs too."""

import jwt
from starlette.requests import Request

from vitascope.serve.problem import Problem
from vitascope.serve.protocol import bearer

LEEWAY = 10.0  # seconds by which clocks may differ
FAILED, EMPTY, INVALID, TOO_SOON, EXPIRED = "1000", "1001", "1002", "1003", "1004"


def secret(request: Request) -> str:
    """The key of a request. Raises Problem for a header that is missing, is none, or whose token is not good now."""
    if not request.headers.get("authorization", "").strip():
        raise Problem("no_key", "the Authorization header is missing; it should be: Bearer TOKEN", code=EMPTY)
    token = bearer(request)
    if token is None:
        raise Problem("bad_key", "the Authorization header should be: Bearer TOKEN", code=INVALID)
    return key_of(token) if token.count(".") == 2 else token


def key_of(token: str) -> str:
    """The key that a JWT names as its issuer and is signed with. Raises Problem."""
    try:
        header = jwt.get_unverified_header(token)
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
        if header.get("alg") != "HS256":
            raise Problem("bad_key", "the token should be signed with HS256", code=INVALID)
        if not isinstance(issuer, str) or not issuer:
            raise Problem("bad_key", "the token's iss should be the key", code=INVALID)
        jwt.decode(token, issuer, algorithms=["HS256"], leeway=LEEWAY, options={"require": ["exp"]})
    except jwt.ExpiredSignatureError:
        raise Problem("bad_key", "the token has expired", code=EXPIRED) from None
    except jwt.ImmatureSignatureError:
        raise Problem("bad_key", "the token is not valid yet", code=TOO_SOON) from None
    except jwt.InvalidSignatureError:
        message = "the token's signature is wrong; with a key of this server, iss and the secret are both the key"
        raise Problem("bad_key", message, code=FAILED) from None
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        raise Problem("bad_key", "the token is no good JWT with exp and iss", code=INVALID) from None
    return issuer
