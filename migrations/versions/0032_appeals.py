"""appeals.

Revision: 0032
Revises: 0031
"""

import sqlalchemy as sa
from alembic import op

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.add_column(sa.Column('handle_frozen_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('account_sanctions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('ground', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('actor_kind', sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column('actor_id', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('replaces', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('overturned_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('moderator_sanctions', schema=None) as batch_op:
        batch_op.add_column(sa.Column('actor_kind', sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column('actor_id', sa.String(length=40), nullable=True))

    with op.batch_alter_table('verifications', schema=None) as batch_op:
        batch_op.add_column(sa.Column('forgiven_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('provider_attempts', schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f('fk_provider_attempts_verification_id'), type_='foreignkey')

    op.create_table('misuse_proofs',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.Column('case_id', sa.String(length=40), nullable=False),
    sa.Column('account_id', sa.String(length=40), nullable=True),
    sa.Column('code_digest', sa.LargeBinary(), nullable=False),
    sa.Column('phone_digest', sa.LargeBinary(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('tries', sa.Integer(), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('confirmed', sa.Boolean(), nullable=True),
    sa.Column('person_id', sa.String(length=40), nullable=True),
    sa.Column('own_phone', sa.Boolean(), nullable=True),
    sa.Column('sandbox', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_misuse_proofs'))
    )
    with op.batch_alter_table('misuse_proofs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_misuse_proofs_case_id_sent_at'), ['case_id', 'sent_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_misuse_proofs_phone_digest_sent_at'), ['phone_digest', 'sent_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_misuse_proofs_sent_at'), ['sent_at'], unique=False)

    op.create_table('cut_links',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('account_id', sa.String(length=40), nullable=False),
    sa.Column('person_id', sa.String(length=40), nullable=False),
    sa.Column('case_id', sa.String(length=40), nullable=False),
    sa.Column('cut_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_cut_links'))
    )
    with op.batch_alter_table('cut_links', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_cut_links_account_id'), ['account_id'], unique=False)


def downgrade() -> None:
    op.drop_table('cut_links')
    op.drop_table('misuse_proofs')

    op.execute('DELETE FROM provider_attempts WHERE verification_id NOT IN (SELECT id FROM verifications)')
    with op.batch_alter_table('provider_attempts', schema=None) as batch_op:
        batch_op.create_foreign_key(batch_op.f('fk_provider_attempts_verification_id'), 'verifications', ['verification_id'], ['id'])

    with op.batch_alter_table('verifications', schema=None) as batch_op:
        batch_op.drop_column('forgiven_at')

    with op.batch_alter_table('moderator_sanctions', schema=None) as batch_op:
        batch_op.drop_column('actor_id')
        batch_op.drop_column('actor_kind')

    with op.batch_alter_table('account_sanctions', schema=None) as batch_op:
        batch_op.drop_column('overturned_at')
        batch_op.drop_column('replaces')
        batch_op.drop_column('actor_id')
        batch_op.drop_column('actor_kind')
        batch_op.drop_column('ground')

    with op.batch_alter_table('accounts', schema=None) as batch_op:
        batch_op.drop_column('handle_frozen_at')
