"""terms of the operator for all forums, and why terms were changed.

Revision: 0022
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('board_terms', schema=None) as batch_op:
        batch_op.alter_column('forum_id', existing_type=sa.String(length=40), nullable=True)
        batch_op.add_column(sa.Column('named', sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column('reason', sa.String(length=400), nullable=True))
        batch_op.add_column(sa.Column('changed_by', sa.String(length=80), nullable=True))


def downgrade() -> None:
    op.execute('DELETE FROM board_terms WHERE forum_id IS NULL')
    with op.batch_alter_table('board_terms', schema=None) as batch_op:
        batch_op.drop_column('changed_by')
        batch_op.drop_column('reason')
        batch_op.drop_column('named')
        batch_op.alter_column('forum_id', existing_type=sa.String(length=40), nullable=False)
