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
