"""the audit log: numbers, tiles and checkpoints.

Revision: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


# whatever is staged waits for its number: no writer pays a second statement, and none can forget it
ON_SQLITE = (
    'CREATE TRIGGER audit_stage_waits AFTER INSERT ON audit_stage'
    ' BEGIN INSERT INTO audit_waiting (id) VALUES (NEW.id); END',
)
ON_POSTGRESQL = (
    'CREATE FUNCTION audit_stage_waits() RETURNS trigger LANGUAGE plpgsql AS'
    ' $$ BEGIN INSERT INTO audit_waiting (id) VALUES (NEW.id); RETURN NULL; END $$',
    'CREATE TRIGGER audit_stage_waits AFTER INSERT ON audit_stage'
    ' FOR EACH ROW EXECUTE FUNCTION audit_stage_waits()',
)


def upgrade() -> None:
    op.create_table('audit_waiting',
    sa.Column('id', sa.String(length=40), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_waiting'))
    )
    op.create_table('audit_origins',
    sa.Column('id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_origins')),
    sa.UniqueConstraint('name', name=op.f('uq_audit_origins_name'))
    )
    op.create_table('audit_leaves',
    sa.Column('origin_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('entry_id', sa.String(length=40), nullable=False),
    sa.Column('leaf_hash', sa.LargeBinary(), nullable=False),
    sa.Column('ts', sa.Text(), nullable=False),
    sa.Column('actor_kind', sa.Text(), nullable=False),
    sa.Column('actor_id', sa.Text(), nullable=False),
    sa.Column('action', sa.Text(), nullable=False),
    sa.Column('object_kind', sa.Text(), nullable=False),
    sa.Column('object_id', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('origin_id', 'number', name=op.f('pk_audit_leaves')),
    sa.UniqueConstraint('entry_id', name=op.f('uq_audit_leaves_entry_id'))
    )
    for column in ('action', 'actor_id', 'object_id'):
        op.create_index(
            op.f(f'ix_audit_leaves_{column}_origin_id_number'), 'audit_leaves', [column, 'origin_id', 'number']
        )
    op.create_table('audit_tiles',
    sa.Column('origin_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('level', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('number', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('hashes', sa.LargeBinary(), nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('origin_id', 'level', 'number', name=op.f('pk_audit_tiles'))
    )
    op.create_table('audit_checkpoints',
    sa.Column('origin_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('size', sa.BigInteger(), autoincrement=False, nullable=False),
    sa.Column('root', sa.LargeBinary(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('key_id', sa.String(length=16), nullable=False),
    sa.Column('signed_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('origin_id', 'size', name=op.f('pk_audit_checkpoints'))
    )
    op.create_table('audit_detail',
    sa.Column('entry_id', sa.String(length=40), nullable=False),
    sa.Column('salt', sa.LargeBinary(), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('entry_id', name=op.f('pk_audit_detail'))
    )
    op.execute('INSERT INTO audit_waiting (id) SELECT id FROM audit_stage')  # what was recorded before there was a log
    for statement in ON_POSTGRESQL if op.get_bind().dialect.name == 'postgresql' else ON_SQLITE:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('DROP TRIGGER audit_stage_waits ON audit_stage')
        op.execute('DROP FUNCTION audit_stage_waits()')
    else:
        op.execute('DROP TRIGGER audit_stage_waits')
    op.drop_table('audit_detail')
    op.drop_table('audit_checkpoints')
    op.drop_table('audit_tiles')
    for column in ('object_id', 'actor_id', 'action'):
        op.drop_index(op.f(f'ix_audit_leaves_{column}_origin_id_number'), table_name='audit_leaves')
    op.drop_table('audit_leaves')
    op.drop_table('audit_origins')
    op.drop_table('audit_waiting')
