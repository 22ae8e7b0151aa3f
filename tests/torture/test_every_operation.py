"""Every operation of the served document under schemathesis and by hand: no 5xx, nothing that it does not name."""

import random

from app.wiring import Services
from tests.support.clock import FakeClock
from tests.support.forum import Json
from tests.support.serving import serving
from tests.torture.form import Form
from tests.torture.fuzzing import Fuzz, schema_of
from tests.torture.hostile import spoiled
from tests.torture.ledger import Ledger, promised
from tests.torture.scenarios import EVERYWHERE, GENEROUS, good, lines, new_stage
from tests.torture.world import World, new_world


def test_every_operation_gives_every_answer_that_it_names_and_no_other(
    services: Services, clock: FakeClock, form: Form
) -> None:
    seed = random.SystemRandom().randrange(2**32) if form.long else 1
    database = services.engine.dialect.name
    by_rote = form.long or database == "sqlite"  # the same code answers on both
    made_up = form.long or database == "postgresql"  # the stricter one
    with serving(services, GENEROUS) as address, new_world(services, clock, address) as world:
        document = world.forum.get("/openapi.json").json()
        examples = form.size(short=2, long=1250)
        schema = schema_of(document, seed=seed, examples=examples, limits=form.long, fixed=not form.long)
        schema.config.update(base_url=address)
        ledger = Ledger(schema)
        if by_rote:
            _hear_everything_promised(world, document, ledger)
            assert ledger.missing(document) == set()
        fuzz = Fuzz(world, ledger, seed)
        if made_up:
            hostile = [one for asked in good(world) for one in spoiled(document, asked)]
            lots = random.Random(f"{seed} {database}")  # noqa: S311 -- repeatable, and other ones on the other database
            for one in lots.sample(hostile, form.size(short=100, long=len(hostile))):
                assert ledger.note(one.operation, one.by(world.forum))[0] < 500, one
        by_hand = ledger.heard.total()
        if made_up:
            fuzz.run()
    assert not fuzz.faults, "\n".join(f"{fault}: {what}" for fault, what in fuzz.faults.items())
    assert ledger.unavailable() <= fuzz.asked // 500
    assert fuzz.asked >= form.size(short=50 * made_up, long=20_000)
    form.tell(
        f"every operation, {database}",
        f"{fuzz.asked} generated and {by_hand} written requests, seed {seed}, 0 faults, {ledger.unavailable()} x 503",
    )


def _hear_everything_promised(world: World, document: Json, ledger: Ledger) -> None:
    with new_stage(world) as stage:
        for operation, status, code, answer in lines(stage):
            assert ledger.note(operation, answer) == (status, code), answer.text
        for asked in good(world):
            assert ledger.note(asked.operation, asked.by(world.forum))[0] in range(200, 300)
        requests = {asked.operation: asked for asked in good(world)}
        for operation, status, code in promised(document):
            if code in EVERYWHERE:
                answer = EVERYWHERE[code](stage, requests[operation])
                assert ledger.note(operation, answer) == (status, code), (operation, answer.text)
