"""poster counts.

Revision: 0026
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

from app.db.types import UtcDateTime

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('poster_counts',
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('counted_at', UtcDateTime(), nullable=False),
    sa.Column('may_post', sa.BigInteger(), nullable=False),
    sa.Column('worst_unverified', sa.BigInteger(), nullable=False),
    sa.Column('figures', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('day', name=op.f('pk_poster_counts'))
    )


def downgrade() -> None:
    op.drop_table('poster_counts')
