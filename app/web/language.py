"""Chinese first; English for who asks for it."""

from starlette.requests import HTTPConnection

from app.kernel.sentence import Language

_MAX_HEADER = 200


def language_of(connection: HTTPConnection) -> Language:
    """The language of `?lang=`, else of `Accept-Language`, else Chinese."""
    asked = connection.query_params.get("lang")
    if asked in {Language.CHINESE, Language.ENGLISH}:
        return Language(asked)
    ranked = sorted(_preferences(connection.headers.get("accept-language", "")), reverse=True)
    return ranked[0][2] if ranked else Language.CHINESE


def _preferences(header: str) -> list[tuple[float, int, Language]]:
    found = []
    for order, part in enumerate(header[:_MAX_HEADER].split(",")):
        tag, _, quality = part.strip().lower().partition(";q=")
        language = next((known for known in Language if tag == known or tag.startswith(f"{known}-")), None)
        if language is not None and (weight := _weight(quality)) > 0:
            found.append((weight, -order, language))
    return found


def _weight(quality: str) -> float:
    try:
        return float(quality) if quality else 1.0
    except ValueError:
        return 0.0
