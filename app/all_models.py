"""Every table, so that migrations see them all."""

from app.accounts import models as accounts
from app.agreements import models as agreements
from app.audit import models as audit
from app.boards import models as boards
from app.compliance import models as compliance
from app.db.base import Base
from app.disclosure import models as disclosure
from app.events import models as events
from app.forums import models as forums
from app.idempotency import models as idempotency
from app.organisation import models as organisation
from app.posting import models as posting
from app.registration import models as registration
from app.reporting import models as reporting
from app.reporting import violation_models as violations
from app.screening import models as screening
from app.staff import models as staff
from app.upkeep import models as upkeep
from app.vault import models as vault
from app.verification import models as verification

MODELS = (
    accounts,
    agreements,
    audit,
    boards,
    compliance,
    disclosure,
    events,
    forums,
    idempotency,
    posting,
    organisation,
    registration,
    reporting,
    screening,
    staff,
    upkeep,
    vault,
    violations,
    verification,
)
METADATA = Base.metadata
