"""Makes the processes that run tests cheaper: what thousands of tests make anew is made once. No test sees it."""

import gc
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import httpx2._transports.default as transports
from fastapi import APIRouter, routing
from sqlalchemy import URL, Engine, create_engine
from starlette.routing import BaseRoute

import app.db.engine
from app.crypto import blind_index, passwords
from app.kernel.secret import Secret
from app.main import _Application

Document = dict[str, Any]
_Context = routing._EffectiveRouteContext | None
_Build = Callable[[routing._IncludedRouter, BaseRoute], _Context]
_FIRST: dict[str, Engine] = {}
"""The first engine for each kind of database."""


def quicken() -> None:
    """Once, before the first test. Saves two thirds of the time of a test over HTTP."""
    app.db.engine.create_engine = _engine_that_knows_its_statements  # type: ignore[attr-defined] # it imports it
    transports.create_ssl_context = cache(transports.create_ssl_context)  # type: ignore[attr-defined] # likewise
    blind_index.hash_secret_raw = cache(blind_index.hash_secret_raw)  # type: ignore[attr-defined] # likewise
    passwords.matches = _remembered(passwords.matches)  # type: ignore[assignment] # the same to call
    branch = routing._IncludedRouter
    branch._build_effective_context = _built_once(branch._build_effective_context)  # type: ignore[assignment]
    _Application.openapi = _written_once(_Application.openapi)  # type: ignore[assignment]


def settle() -> None:
    """Once, after everything is imported: what stays is not searched for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _remembered(matches: Callable[[str, Secret[str]], bool]) -> Callable[[str, Secret[str]], bool]:
    """Argon2 says the same of the same hash and password; it takes 30 ms for it each time."""
    known: dict[tuple[str, str], bool] = {}

    def remembered(stored: str, password: Secret[str]) -> bool:
        key = stored, password.reveal()
        if key not in known:
            known[key] = matches(stored, password)
        return known[key]

    return remembered


def _engine_that_knows_its_statements(url: URL | str, **options: object) -> Engine:
    """Every engine compiles each statement for itself; these share what the first one for such a database knows."""
    engine = create_engine(url, **options)
    first = _FIRST.setdefault(engine.name, engine)
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    return engine


def _built_once(build: _Build) -> _Build:
    """Every application builds what it knows of its routes for itself, while it answers its first requests: 40 ms."""
    known: dict[int, list[tuple[BaseRoute, routing._RouterIncludeContext, _Context]]] = {}

    def built(branch: routing._IncludedRouter, route: BaseRoute) -> _Context:
        way = replace(branch.include_context, dependency_overrides_provider=None)
        before = known.setdefault(id(route), [])
        for _, its_way, context in before:
            if its_way == way:
                return context
        before.append((route, way, build(replace(branch, include_context=way), route)))
        return before[-1][-1]

    return built


def _written_once(write: Callable[[_Application], Document]) -> Callable[[_Application], Document]:
    """Whoever refuses a body looks into the document of the API first, and writing it takes 200 ms."""
    known: dict[tuple[int, ...], tuple[Document, list[APIRouter]]] = {}

    def written(application: _Application) -> Document:
        routers = [route.original_router for route in application.routes if isinstance(route, routing._IncludedRouter)]
        which = tuple(map(id, routers))
        if which not in known:
            known[which] = write(application), routers
        return known[which][0]

    return written
