"""officers, filings of forums, authorities, drafts of agreements, and terms of the operator for all forums.

Revision: 0022
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('agreement_drafts',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('version', sa.String(length=32), nullable=False),
    sa.Column('title', sa.String(length=120), nullable=False),
    sa.Column('text_zh', sa.Text(), nullable=False),
    sa.Column('text_en', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_by', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_agreement_drafts'))
    )
    op.create_table('officers',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('duty', sa.String(length=32), nullable=False),
    sa.Column('rank', sa.String(length=16), nullable=False),
    sa.Column('sealed_title', sa.LargeBinary(), nullable=False),
    sa.Column('sealed_contact', sa.LargeBinary(), nullable=False),
    sa.Column('sealed_paper', sa.LargeBinary(), nullable=True),
    sa.Column('appointed_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.String(length=80), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_because', sa.String(length=400), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_officers'))
    )
    with op.batch_alter_table('officers', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_officers_duty'), ['duty'], unique=False)

    op.create_table('forum_filings',
    sa.Column('forum_id', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('icp_filing', sa.String(length=60), nullable=True),
    sa.Column('ps_filing', sa.String(length=60), nullable=True),
    sa.Column('responsible_unit', sa.String(length=120), nullable=False),
    sa.Column('reviewed_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['forum_id'], ['forums.id'], name=op.f('fk_forum_filings_forum_id')),
    sa.PrimaryKeyConstraint('forum_id', 'number', name=op.f('pk_forum_filings'))
    )
    op.create_table('authority_entries',
    sa.Column('authority_id', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=32), nullable=False),
    sa.Column('region', sa.String(length=80), nullable=False),
    sa.Column('channel', sa.String(length=400), nullable=False),
    sa.Column('reviewed_on', sa.Date(), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_by', sa.String(length=80), nullable=False),
    sa.Column('ended_because', sa.String(length=400), nullable=True),
    sa.PrimaryKeyConstraint('authority_id', 'number', name=op.f('pk_authority_entries'))
    )
    with op.batch_alter_table('board_terms', schema=None) as batch_op:
        batch_op.alter_column('forum_id', existing_type=sa.String(length=40), nullable=True)
        batch_op.add_column(sa.Column('named', sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column('reason', sa.String(length=400), nullable=True))
        batch_op.add_column(sa.Column('changed_by', sa.String(length=80), nullable=True))


def downgrade() -> None:
    op.drop_table('authority_entries')
    op.drop_table('forum_filings')
    with op.batch_alter_table('officers', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_officers_duty'))

    op.drop_table('officers')
    op.drop_table('agreement_drafts')
    op.execute('DELETE FROM board_terms WHERE forum_id IS NULL')
    with op.batch_alter_table('board_terms', schema=None) as batch_op:
        batch_op.drop_column('changed_by')
        batch_op.drop_column('reason')
        batch_op.drop_column('named')
        batch_op.alter_column('forum_id', existing_type=sa.String(length=40), nullable=False)
