"""Chinese first; English for who asks for it: in the address, by an earlier choice, or by the browser's settings."""

from starlette.requests import HTTPConnection
from starlette.responses import Response

from app.kernel.sentence import Language

_MAX_HEADER = 200
_COOKIE, _COOKIE_SECONDS = "lang", 365 * 24 * 3600


def language_of(connection: HTTPConnection, preset: Language | None = None) -> Language:
    """The language of `?lang=`, else this browser's choice, else preset, else of `Accept-Language`, else Chinese."""
    chosen = _asked(connection) or _known(connection.cookies.get(_COOKIE)) or preset
    if chosen:
        return chosen
    ranked = sorted(_preferences(connection.headers.get("accept-language", "")), reverse=True)
    return ranked[0][2] if ranked else Language.CHINESE


def keep_choice(connection: HTTPConnection, response: Response) -> None:
    """A language that the address asks for is kept in this browser for a year. It is no secret."""
    asked = _asked(connection)
    if asked:
        secure = str(connection.scope["issuer"]).startswith("https://")
        response.set_cookie(_COOKIE, asked, max_age=_COOKIE_SECONDS, secure=secure, httponly=True, samesite="lax")


def _asked(connection: HTTPConnection) -> Language | None:
    return _known(connection.query_params.get("lang"))


def _known(text: str | None) -> Language | None:
    return next((language for language in Language if language == text), None)


def _preferences(header: str) -> list[tuple[float, int, Language]]:
    found = []
    for order, part in enumerate(header[:_MAX_HEADER].lower().split(",")):
        tag, *parameters = (piece.strip() for piece in part.split(";"))
        weight = next((_weight(value) for value in parameters if value.startswith("q=")), 1.0)
        language = next((known for known in Language if tag == known or tag.startswith(f"{known}-")), None)
        if language is not None and weight > 0:
            found.append((weight, -order, language))
    return found


def _weight(parameter: str) -> float:
    try:
        return float(parameter.removeprefix("q="))
    except ValueError:
        return 0.0
