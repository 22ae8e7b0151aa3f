"""seals.

Revision: 0025
Revises: 0024
"""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('disclosures', schema=None) as batch_op:
        batch_op.add_column(sa.Column('person_digest', sa.LargeBinary(), nullable=False))
        batch_op.add_column(sa.Column('sealed_handle', sa.LargeBinary(), nullable=False))
        batch_op.add_column(sa.Column('seal', sa.LargeBinary(), nullable=False))

    with op.batch_alter_table('disclosure_executions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('seal', sa.LargeBinary(), nullable=False))

    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.add_column(sa.Column('seal', sa.LargeBinary(), nullable=False))

    with op.batch_alter_table('staff_sessions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('seal', sa.LargeBinary(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table('staff_sessions', schema=None) as batch_op:
        batch_op.drop_column('seal')

    with op.batch_alter_table('staff', schema=None) as batch_op:
        batch_op.drop_column('seal')

    with op.batch_alter_table('disclosure_executions', schema=None) as batch_op:
        batch_op.drop_column('seal')

    with op.batch_alter_table('disclosures', schema=None) as batch_op:
        batch_op.drop_column('seal')
        batch_op.drop_column('sealed_handle')
        batch_op.drop_column('person_digest')
