"""posting tallies.

Revision: 0023
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('posting_tallies',
    sa.Column('day', sa.String(length=10), nullable=False),
    sa.Column('forum_id', sa.String(length=40), nullable=False),
    sa.Column('outcome', sa.String(length=32), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('day', 'forum_id', 'outcome', name=op.f('pk_posting_tallies'))
    )


def downgrade() -> None:
    op.drop_table('posting_tallies')
