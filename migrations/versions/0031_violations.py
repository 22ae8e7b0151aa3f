"""violations.

Revision: 0031
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('violations',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('forum_id', sa.String(length=40), nullable=False),
    sa.Column('account_id', sa.String(length=40), nullable=False),
    sa.Column('board_id', sa.String(length=40), nullable=True),
    sa.Column('category', sa.String(length=16), nullable=False),
    sa.Column('source', sa.String(length=16), nullable=False),
    sa.Column('discovered_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_kind', sa.String(length=16), nullable=False),
    sa.Column('actor_id', sa.String(length=40), nullable=False),
    sa.Column('case_id', sa.String(length=40), nullable=True),
    sa.Column('content_ref', sa.String(length=200), nullable=True),
    sa.Column('url', sa.String(length=2000), nullable=True),
    sa.Column('screening_id', sa.String(length=40), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('content_digest', sa.LargeBinary(length=32), nullable=True),
    sa.Column('kept_until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('held_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('held_by', sa.String(length=40), nullable=True),
    sa.Column('hold_reason', sa.String(length=400), nullable=True),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_violations'))
    )
    with op.batch_alter_table('violations', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_violations_account_id_recorded_at'), ['account_id', 'recorded_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_violations_board_id_recorded_at'), ['board_id', 'recorded_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_violations_case_id'), ['case_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_violations_content_ref'), ['content_ref'], unique=False)
        batch_op.create_index(batch_op.f('ix_violations_forum_id_id'), ['forum_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_violations_kept_until'), ['kept_until'], unique=False)

    op.create_table('authority_reports',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('violation_id', sa.String(length=40), nullable=False),
    sa.Column('authority_id', sa.String(length=40), nullable=False),
    sa.Column('authority_name', sa.String(length=120), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('region', sa.String(length=80), nullable=False),
    sa.Column('channel', sa.String(length=400), nullable=False),
    sa.Column('reviewed_on', sa.Date(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sealed_note', sa.LargeBinary(), nullable=True),
    sa.Column('disclosure_id', sa.String(length=40), nullable=True),
    sa.Column('drafted_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('drafted_by', sa.String(length=40), nullable=False),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('approved_by', sa.String(length=40), nullable=True),
    sa.Column('sealed_document', sa.LargeBinary(), nullable=True),
    sa.Column('digest', sa.LargeBinary(length=32), nullable=True),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('sent_by', sa.String(length=40), nullable=True),
    sa.Column('receipt_no', sa.String(length=120), nullable=True),
    sa.Column('receipt_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_by', sa.String(length=40), nullable=True),
    sa.Column('withdrawn_because', sa.String(length=400), nullable=True),
    sa.CheckConstraint('approved_by IS NULL OR approved_by <> drafted_by', name=op.f('ck_authority_reports_another_person')),
    sa.ForeignKeyConstraint(['violation_id'], ['violations.id'], name=op.f('fk_authority_reports_violation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_authority_reports'))
    )
    with op.batch_alter_table('authority_reports', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_authority_reports_due_at'), ['due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_authority_reports_violation_id'), ['violation_id'], unique=False)
        batch_op.create_index('uq_authority_reports_open', ['violation_id', 'authority_id'], unique=True, sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))

    op.create_table('violation_evidence',
    sa.Column('violation_id', sa.String(length=40), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('digest', sa.LargeBinary(length=32), nullable=False),
    sa.Column('kept_until', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['violation_id'], ['violations.id'], name=op.f('fk_violation_evidence_violation_id')),
    sa.PrimaryKeyConstraint('violation_id', name=op.f('pk_violation_evidence'))
    )
    op.create_table('violation_measures',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('violation_id', sa.String(length=40), nullable=False),
    sa.Column('measure', sa.String(length=24), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('recorded_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('actor_kind', sa.String(length=16), nullable=False),
    sa.Column('actor_id', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.String(length=400), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['violation_id'], ['violations.id'], name=op.f('fk_violation_measures_violation_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_violation_measures'))
    )
    with op.batch_alter_table('violation_measures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_violation_measures_violation_id'), ['violation_id'], unique=False)

    op.create_table('board_acts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('board_id', sa.String(length=40), nullable=False),
    sa.Column('actor_kind', sa.String(length=16), nullable=False),
    sa.Column('actor_id', sa.String(length=40), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.String(length=400), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('case_id', sa.String(length=40), nullable=True),
    sa.ForeignKeyConstraint(['board_id'], ['boards.id'], name=op.f('fk_board_acts_board_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_board_acts'))
    )
    with op.batch_alter_table('board_acts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_board_acts_board_id'), ['board_id'], unique=False)

    with op.batch_alter_table('account_acts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('case_id', sa.String(length=40), nullable=True))

    with op.batch_alter_table('screened_contents', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_screened_contents_content_ref'), ['content_ref'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('screened_contents', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_screened_contents_content_ref'))

    with op.batch_alter_table('account_acts', schema=None) as batch_op:
        batch_op.drop_column('case_id')

    with op.batch_alter_table('board_acts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_board_acts_board_id'))

    op.drop_table('board_acts')
    with op.batch_alter_table('violation_measures', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_violation_measures_violation_id'))

    op.drop_table('violation_measures')
    op.drop_table('violation_evidence')
    with op.batch_alter_table('authority_reports', schema=None) as batch_op:
        batch_op.drop_index('uq_authority_reports_open', sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_authority_reports_violation_id'))
        batch_op.drop_index(batch_op.f('ix_authority_reports_due_at'))

    op.drop_table('authority_reports')
    with op.batch_alter_table('violations', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_violations_kept_until'))
        batch_op.drop_index(batch_op.f('ix_violations_forum_id_id'))
        batch_op.drop_index(batch_op.f('ix_violations_content_ref'))
        batch_op.drop_index(batch_op.f('ix_violations_case_id'))
        batch_op.drop_index(batch_op.f('ix_violations_board_id_recorded_at'))
        batch_op.drop_index(batch_op.f('ix_violations_account_id_recorded_at'))

    op.drop_table('violations')
