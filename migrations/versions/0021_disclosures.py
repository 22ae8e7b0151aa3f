"""disclosures.

Revision: 0021
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('disclosures',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('requester_id', sa.String(length=40), nullable=False),
    sa.Column('forum_id', sa.String(length=40), nullable=False),
    sa.Column('account_id', sa.String(length=40), nullable=False),
    sa.Column('fields', sa.JSON(), nullable=False),
    sa.Column('purpose', sa.String(length=24), nullable=False),
    sa.Column('sealed_authority', sa.LargeBinary(), nullable=False),
    sa.Column('sealed_instrument_no', sa.LargeBinary(), nullable=False),
    sa.Column('sealed_legal_basis', sa.LargeBinary(), nullable=False),
    sa.Column('notify_after', sa.DateTime(timezone=True), nullable=True),
    sa.Column('requested_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('closed_as', sa.String(length=16), nullable=True),
    sa.Column('closed_by', sa.String(length=40), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['account_id'], ['accounts.id'], name=op.f('fk_disclosures_account_id')),
    sa.ForeignKeyConstraint(['closed_by'], ['staff.id'], name=op.f('fk_disclosures_closed_by')),
    sa.ForeignKeyConstraint(['forum_id'], ['forums.id'], name=op.f('fk_disclosures_forum_id')),
    sa.ForeignKeyConstraint(['requester_id'], ['staff.id'], name=op.f('fk_disclosures_requester_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_disclosures'))
    )
    with op.batch_alter_table('disclosures', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_disclosures_account_id'), ['account_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_disclosures_requested_at'), ['requested_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_disclosures_requester_id'), ['requester_id'], unique=False)

    op.create_table('disclosure_approvals',
    sa.Column('disclosure_id', sa.String(length=40), nullable=False),
    sa.Column('approver_id', sa.String(length=40), nullable=False),
    sa.Column('requester_id', sa.String(length=40), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('seal', sa.LargeBinary(), nullable=False),
    sa.CheckConstraint('approver_id <> requester_id', name=op.f('ck_disclosure_approvals_another_person')),
    sa.ForeignKeyConstraint(['approver_id'], ['staff.id'], name=op.f('fk_disclosure_approvals_approver_id')),
    sa.ForeignKeyConstraint(['disclosure_id'], ['disclosures.id'], name=op.f('fk_disclosure_approvals_disclosure_id')),
    sa.PrimaryKeyConstraint('disclosure_id', 'approver_id', name=op.f('pk_disclosure_approvals'))
    )
    op.create_table('disclosure_executions',
    sa.Column('disclosure_id', sa.String(length=40), nullable=False),
    sa.Column('reader_id', sa.String(length=40), nullable=False),
    sa.Column('entry_id', sa.String(length=40), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['disclosure_id'], ['disclosures.id'], name=op.f('fk_disclosure_executions_disclosure_id')),
    sa.ForeignKeyConstraint(['reader_id'], ['staff.id'], name=op.f('fk_disclosure_executions_reader_id')),
    sa.PrimaryKeyConstraint('disclosure_id', name=op.f('pk_disclosure_executions'))
    )
    with op.batch_alter_table('disclosure_executions', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_disclosure_executions_reader_id_started_at'), ['reader_id', 'started_at'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('disclosure_executions', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_disclosure_executions_reader_id_started_at'))

    op.drop_table('disclosure_executions')
    op.drop_table('disclosure_approvals')
    with op.batch_alter_table('disclosures', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_disclosures_requester_id'))
        batch_op.drop_index(batch_op.f('ix_disclosures_requested_at'))
        batch_op.drop_index(batch_op.f('ix_disclosures_account_id'))

    op.drop_table('disclosures')
