"""anchors of the audit log.

The triggers that keep the log append-only are put up after every migration (`app/upkeep/schema.py`): on SQLite a table
that a migration copies loses them.

Revision: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

_PROTECTED = (
    'audit_stage', 'audit_origins', 'audit_leaves', 'audit_tiles', 'audit_checkpoints', 'audit_detail',
)


def upgrade() -> None:
    op.create_table('audit_anchor_states',
    sa.Column('sink', sa.String(length=16), nullable=False),
    sa.Column('origin', sa.String(length=255), nullable=True),
    sa.Column('size', sa.BigInteger(), nullable=True),
    sa.Column('anchored_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('tried_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('failing_since', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failure', sa.String(length=40), nullable=True),
    sa.PrimaryKeyConstraint('sink', name=op.f('pk_audit_anchor_states'))
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP FUNCTION IF EXISTS shiming_append_only() CASCADE')
    else:
        for table in _PROTECTED:
            op.execute(f'DROP TRIGGER IF EXISTS {table}_no_update')
            op.execute(f'DROP TRIGGER IF EXISTS {table}_no_delete')
    op.drop_table('audit_anchor_states')
