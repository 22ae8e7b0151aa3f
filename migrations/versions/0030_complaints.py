"""complaints.

Revision: 0030
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

revision = '0030'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('cases',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('forum_id', sa.String(length=40), nullable=False),
    sa.Column('queue', sa.String(length=16), nullable=False),
    sa.Column('on_behalf', sa.String(length=16), nullable=False),
    sa.Column('category', sa.String(length=16), nullable=True),
    sa.Column('target_kind', sa.String(length=20), nullable=True),
    sa.Column('target_digest', sa.LargeBinary(), nullable=True),
    sa.Column('target_account_id', sa.String(length=40), nullable=True),
    sa.Column('target_board_id', sa.String(length=40), nullable=True),
    sa.Column('against_kind', sa.String(length=24), nullable=True),
    sa.Column('against_ref', sa.String(length=80), nullable=True),
    sa.Column('against_decided_by', sa.String(length=40), nullable=True),
    sa.Column('account_id', sa.String(length=40), nullable=True),
    sa.Column('proven', sa.Boolean(), nullable=False),
    sa.Column('code_digest', sa.LargeBinary(), nullable=True),
    sa.Column('code_version', sa.Integer(), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('respond_by', sa.DateTime(timezone=True), nullable=False),
    sa.Column('next_by', sa.DateTime(timezone=True), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_by', sa.String(length=40), nullable=True),
    sa.Column('assigned_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('assigned_to', sa.String(length=40), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_by', sa.String(length=40), nullable=True),
    sa.Column('outcome', sa.String(length=24), nullable=True),
    sa.Column('outcome_reason', sa.String(length=40), nullable=True),
    sa.Column('measures', sa.JSON(), nullable=False),
    sa.Column('agreed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('agreed_by', sa.String(length=40), nullable=True),
    sa.Column('appealed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('appeal_decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('appeal_decided_by', sa.String(length=40), nullable=True),
    sa.Column('appeal_outcome', sa.String(length=24), nullable=True),
    sa.Column('appeal_reason', sa.String(length=40), nullable=True),
    sa.Column('escalated_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('appeal_escalated_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('contact_erased_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('sealed_target_ref', sa.LargeBinary(), nullable=True),
    sa.Column('sealed_description', sa.LargeBinary(), nullable=True),
    sa.Column('sealed_evidence', sa.LargeBinary(), nullable=True),
    sa.Column('sealed_contact', sa.LargeBinary(), nullable=True),
    sa.Column('contact_channels', sa.JSON(), nullable=False),
    sa.Column('sealed_outcome_text', sa.LargeBinary(), nullable=True),
    sa.Column('sealed_appeal_grounds', sa.LargeBinary(), nullable=True),
    sa.Column('sealed_appeal_text', sa.LargeBinary(), nullable=True),
    sa.CheckConstraint('against_decided_by <> decided_by', name=op.f('ck_cases_another_person_decides')),
    sa.CheckConstraint('agreed_by <> decided_by', name=op.f('ck_cases_another_person_agrees')),
    sa.CheckConstraint('appeal_decided_by <> decided_by', name=op.f('ck_cases_another_person_on_appeal')),
    sa.ForeignKeyConstraint(['accepted_by'], ['staff.id'], name=op.f('fk_cases_accepted_by')),
    sa.ForeignKeyConstraint(['agreed_by'], ['staff.id'], name=op.f('fk_cases_agreed_by')),
    sa.ForeignKeyConstraint(['appeal_decided_by'], ['staff.id'], name=op.f('fk_cases_appeal_decided_by')),
    sa.ForeignKeyConstraint(['assigned_to'], ['staff.id'], name=op.f('fk_cases_assigned_to')),
    sa.ForeignKeyConstraint(['decided_by'], ['staff.id'], name=op.f('fk_cases_decided_by')),
    sa.ForeignKeyConstraint(['forum_id'], ['forums.id'], name=op.f('fk_cases_forum_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cases'))
    )
    with op.batch_alter_table('cases', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_cases_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_cases_forum_id_received_at'), ['forum_id', 'received_at'], unique=False)
        batch_op.create_index('ix_cases_kept', ['ended_at'], unique=False, sqlite_where=sa.text('ended_at IS NOT NULL AND erased_at IS NULL'), postgresql_where=sa.text('ended_at IS NOT NULL AND erased_at IS NULL'))
        batch_op.create_index('ix_cases_open', ['next_by', 'id'], unique=False, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.create_index(batch_op.f('ix_cases_target_account_id'), ['target_account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_cases_target_digest'), ['target_digest'], unique=False)
        batch_op.create_index('uq_cases_code', ['code_digest'], unique=True)
        batch_op.create_index('uq_cases_open_appeal', ['against_kind', 'against_ref'], unique=True, sqlite_where=sa.text('proven IS TRUE AND ended_at IS NULL'), postgresql_where=sa.text('proven IS TRUE AND ended_at IS NULL'))

    op.create_table('case_messages',
    sa.Column('case_id', sa.String(length=40), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('author', sa.String(length=16), nullable=False),
    sa.Column('staff_id', sa.String(length=40), nullable=True),
    sa.Column('asks', sa.Boolean(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sealed_text', sa.LargeBinary(), nullable=False),
    sa.ForeignKeyConstraint(['case_id'], ['cases.id'], name=op.f('fk_case_messages_case_id')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_case_messages_staff_id')),
    sa.PrimaryKeyConstraint('case_id', 'number', name=op.f('pk_case_messages'))
    )
    op.create_table('recusals',
    sa.Column('staff_id', sa.String(length=40), nullable=False),
    sa.Column('account_id', sa.String(length=40), nullable=False),
    sa.Column('declared_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('declared_by', sa.String(length=40), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_recusals_account_id')),
    sa.ForeignKeyConstraint(['declared_by'], ['staff.id'], name=op.f('fk_recusals_declared_by')),
    sa.ForeignKeyConstraint(['staff_id'], ['staff.id'], name=op.f('fk_recusals_staff_id')),
    sa.PrimaryKeyConstraint('staff_id', 'account_id', name=op.f('pk_recusals'))
    )


def downgrade() -> None:
    op.drop_table('recusals')
    op.drop_table('case_messages')
    with op.batch_alter_table('cases', schema=None) as batch_op:
        batch_op.drop_index('uq_cases_open_appeal', sqlite_where=sa.text('proven IS TRUE AND ended_at IS NULL'), postgresql_where=sa.text('proven IS TRUE AND ended_at IS NULL'))
        batch_op.drop_index('uq_cases_code')
        batch_op.drop_index(batch_op.f('ix_cases_target_digest'))
        batch_op.drop_index(batch_op.f('ix_cases_target_account_id'))
        batch_op.drop_index('ix_cases_open', sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
        batch_op.drop_index('ix_cases_kept', sqlite_where=sa.text('ended_at IS NOT NULL AND erased_at IS NULL'), postgresql_where=sa.text('ended_at IS NOT NULL AND erased_at IS NULL'))
        batch_op.drop_index(batch_op.f('ix_cases_forum_id_received_at'))
        batch_op.drop_index(batch_op.f('ix_cases_account_id'))

    op.drop_table('cases')
