"""flows in which nothing but another handle is chosen.

Revision: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('flows', schema=None) as batch_op:
        batch_op.add_column(sa.Column('handle_only', sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table('flows', schema=None) as batch_op:
        batch_op.alter_column('handle_only', server_default=None)


def downgrade() -> None:
    with op.batch_alter_table('flows', schema=None) as batch_op:
        batch_op.drop_column('handle_only')
