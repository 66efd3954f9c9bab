-- The views that the addon reads of a firm's reporting database: a template.
--
-- Actionstep's nightly Reporting SQL Export is loaded into a PostgreSQL database of the
-- firm. Its table names are not public, so the tables in this file are stand-ins: all of
-- them stand in a schema `replace_me`. Replace them, and the names of columns to the
-- left of each AS, by those of your export. What stands to the right of AS is the
-- contract and stays: names of views and columns, and their types.
--
-- Run the file as owner of the tables, as often as you like, then give the reader a
-- password (it is not in this file, so that it stands in no backup of it):
--
--     psql -d DATABASE -v ON_ERROR_STOP=1 -f reporting_views.sql
--     psql -d DATABASE -c '\password actionstep_quickbooks_reader'
--
-- Then enter server, database, user and password on the connection in Odoo, and press
-- Check there: it names whatever is missing.
--
-- What holds for all views
--   * Ids are text, days are date, times are timestamp with time zone.
--   * Amounts are numeric with two places, in the currency of their document. Never turn
--     a missing amount into 0: a row without one is told and left out, a 0 is believed.
--   * One row for each document, one for each number of a line: rows that stand twice
--     are told, and that document is left out.
--   * Deleted documents stay, with deleted_at. A row that merely vanishes is not noticed,
--     and its document stays in QuickBooks. If your export drops deleted rows, let the
--     load remember them, for example before it replaces the old table by the new one:
--         INSERT INTO kept_receipt SELECT o.*, now() AS deleted_at FROM old_receipt o
--          WHERE NOT EXISTS (SELECT FROM new_receipt n WHERE n.id = o.id);
--     and show both in the view with UNION ALL.
--   * modified_at moves with every change that the addon must see: it reads what is newer
--     than what it read last, less a day. When an allocation, an application or a line is
--     added or changed, its own modified_at tells. When one is removed, only its receipt
--     or credit note can tell: that one's modified_at must move then. Where parts have no
--     time at all, leave modified_at out of their view (it is optional there), and let
--     that of their receipt or credit note move with every change of them.
--   * Load in one transaction, by DELETE and INSERT, or rename complete tables at its end.
--     A load that drops the tables takes the views along: run this file after it.
--   * A firm may leave out receipt and receipt_allocation, or the three of credit notes:
--     then no payments or no credit notes are pushed.

BEGIN;

-- The reader: it may log in and read these views, nothing else. Views read with the
-- rights of their owner, so it needs none on the tables.

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_roles WHERE rolname = 'actionstep_quickbooks_reader'
    ) THEN
        CREATE ROLE actionstep_quickbooks_reader LOGIN
            NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 5;
    END IF;
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO actionstep_quickbooks_reader',
        current_database()
    );
END
$$;
ALTER ROLE actionstep_quickbooks_reader SET default_transaction_read_only = on;

CREATE SCHEMA IF NOT EXISTS actionstep;
REVOKE ALL ON SCHEMA actionstep FROM PUBLIC;
GRANT USAGE ON SCHEMA actionstep TO actionstep_quickbooks_reader;

DROP VIEW IF EXISTS
    actionstep.bill, actionstep.bill_line,
    actionstep.receipt, actionstep.receipt_allocation,
    actionstep.credit_note, actionstep.credit_note_line, actionstep.credit_application;

-- Bills. Their headers come from Actionstep itself; this view is for comparing.

CREATE VIEW actionstep.bill AS
SELECT b.id::text                   AS bill_id,
       b.number::text               AS number,
       b.status::text               AS status,
       b.client_id::text            AS client_id,
       p.name::text                 AS client_name,
       (SELECT string_agg(m.matter_id::text, ',' ORDER BY m.matter_id)
          FROM replace_me.bill_matter m
         WHERE m.bill_id = b.id)    AS matter_ids,
       b.division_id::text          AS division_id,
       b.currency::text             AS currency,
       b.bill_date::date            AS bill_date,
       b.due_date::date             AS due_date,
       b.total_exclusive::numeric(14, 2)    AS total_exclusive,
       b.total_tax::numeric(14, 2)  AS total_tax,
       b.total_inclusive::numeric(14, 2)    AS total_inclusive,
       b.modified_at::timestamptz   AS modified_at,
       b.deleted_at::timestamptz    AS deleted_at
  FROM replace_me.bill b
  LEFT JOIN replace_me.participant p ON p.id = b.client_id;

COMMENT ON VIEW actionstep.bill IS 'One row for each bill, also deleted ones.';
COMMENT ON COLUMN actionstep.bill.bill_id IS 'Id of the bill, as Actionstep''s own interface has it.';
COMMENT ON COLUMN actionstep.bill.number IS 'Invoice number as printed on the bill, at most 21 characters.';
COMMENT ON COLUMN actionstep.bill.status IS 'Draft, Open, Closed or Deleted.';
COMMENT ON COLUMN actionstep.bill.client_id IS 'Id of the participant who is billed.';
COMMENT ON COLUMN actionstep.bill.client_name IS 'Display name of that participant.';
COMMENT ON COLUMN actionstep.bill.matter_ids IS 'Ids of its matters, separated by commas.';
COMMENT ON COLUMN actionstep.bill.division_id IS 'Id of the division.';
COMMENT ON COLUMN actionstep.bill.currency IS 'ISO code, such as USD.';
COMMENT ON COLUMN actionstep.bill.bill_date IS 'Day of the bill.';
COMMENT ON COLUMN actionstep.bill.due_date IS 'Day on which it is due.';
COMMENT ON COLUMN actionstep.bill.total_exclusive IS 'Sum of its lines before tax, in its currency.';
COMMENT ON COLUMN actionstep.bill.total_tax IS 'Sum of its taxes, in its currency.';
COMMENT ON COLUMN actionstep.bill.total_inclusive IS 'Total to pay with tax, in its currency.';
COMMENT ON COLUMN actionstep.bill.modified_at IS 'Time of the last change of the bill or a line of it.';
COMMENT ON COLUMN actionstep.bill.deleted_at IS 'When it was deleted; null while it lives.';

-- Lines of bills: the one view that every firm needs.

CREATE VIEW actionstep.bill_line AS
SELECT l.bill_id::text              AS bill_id,
       l.line_no::integer           AS line_no,
       -- Leave what you do not know as it is: it is told then, and never guessed.
       CASE lower(l.type)
           WHEN 'time' THEN 'fee'
           WHEN 'disbursement' THEN 'expense'
           ELSE lower(l.type)
       END                          AS kind,
       l.account_number::text       AS account_number,
       l.description::text          AS description,
       l.quantity::numeric          AS quantity,
       l.unit_price::numeric        AS unit_price,
       l.amount_exclusive::numeric(14, 2)   AS amount_exclusive,
       l.tax_code::text             AS tax_code,
       l.tax_amount::numeric(14, 2) AS tax_amount,
       l.matter_id::text            AS matter_id,
       l.timekeeper::text           AS timekeeper,
       l.service_date::date         AS service_date,
       NULL::text                   AS product_service,
       l.modified_at::timestamptz   AS modified_at
  FROM replace_me.bill_line l;

COMMENT ON VIEW actionstep.bill_line IS 'One row for each line of each bill; the lines of a bill add up to its totals.';
COMMENT ON COLUMN actionstep.bill_line.bill_id IS 'Id of its bill, as Actionstep''s own interface has it.';
COMMENT ON COLUMN actionstep.bill_line.line_no IS 'Number of the line, once in its bill; lines are sorted by it.';
COMMENT ON COLUMN actionstep.bill_line.kind IS 'fee or expense.';
COMMENT ON COLUMN actionstep.bill_line.account_number IS 'Number of the income or expense account, such as 4-1100.';
COMMENT ON COLUMN actionstep.bill_line.description IS 'Text of the line.';
COMMENT ON COLUMN actionstep.bill_line.quantity IS 'Hours of a fee, pieces of an expense; may be null.';
COMMENT ON COLUMN actionstep.bill_line.unit_price IS 'Price of one of them before tax, in the bill''s currency; may be null.';
COMMENT ON COLUMN actionstep.bill_line.amount_exclusive IS 'Amount before tax, in the bill''s currency; negative for a discount.';
COMMENT ON COLUMN actionstep.bill_line.tax_code IS 'Tax code as Actionstep names it; empty for none.';
COMMENT ON COLUMN actionstep.bill_line.tax_amount IS 'Its tax, in the bill''s currency; 0 for none.';
COMMENT ON COLUMN actionstep.bill_line.matter_id IS 'Id of the matter that the line is of.';
COMMENT ON COLUMN actionstep.bill_line.timekeeper IS 'Who did the work.';
COMMENT ON COLUMN actionstep.bill_line.service_date IS 'Day of the work or the expense.';
COMMENT ON COLUMN actionstep.bill_line.product_service IS 'Optional: name of a QuickBooks product or service that goes before the map; mostly null.';
COMMENT ON COLUMN actionstep.bill_line.modified_at IS 'Time of the last change of the line.';

-- Receipts: money that came in from clients, and money taken out of trust to pay the firm.

CREATE VIEW actionstep.receipt AS
SELECT r.id::text                   AS receipt_id,
       r.client_id::text            AS client_id,
       r.matter_id::text            AS matter_id,
       r.received_on::date          AS received_on,
       r.amount::numeric(14, 2)     AS amount,
       r.currency::text             AS currency,
       r.method::text               AS method,
       r.reference::text            AS reference,
       r.memo::text                 AS memo,
       r.account_number::text       AS deposit_account_number,
       r.from_trust::boolean        AS from_trust,
       r.modified_at::timestamptz   AS modified_at,
       r.deleted_at::timestamptz    AS deleted_at
  FROM replace_me.receipt r;

COMMENT ON VIEW actionstep.receipt IS 'One row for each receipt, also deleted ones.';
COMMENT ON COLUMN actionstep.receipt.receipt_id IS 'Id of the receipt; it never changes.';
COMMENT ON COLUMN actionstep.receipt.client_id IS 'Id of the participant who paid.';
COMMENT ON COLUMN actionstep.receipt.matter_id IS 'Id of the matter it was received for; may be null.';
COMMENT ON COLUMN actionstep.receipt.received_on IS 'Day on which the money was received.';
COMMENT ON COLUMN actionstep.receipt.amount IS 'All that was received, above zero, in its currency.';
COMMENT ON COLUMN actionstep.receipt.currency IS 'ISO code, such as USD.';
COMMENT ON COLUMN actionstep.receipt.method IS 'Payment method as Actionstep names it, such as Cheque.';
COMMENT ON COLUMN actionstep.receipt.reference IS 'The payer''s, such as the number of a cheque.';
COMMENT ON COLUMN actionstep.receipt.memo IS 'Text of the receipt.';
COMMENT ON COLUMN actionstep.receipt.deposit_account_number IS 'Number of the bank account that it was paid into.';
COMMENT ON COLUMN actionstep.receipt.from_trust IS 'True when it was taken out of the client''s trust money.';
COMMENT ON COLUMN actionstep.receipt.modified_at IS 'Time of the last change; moves also when an allocation is removed.';
COMMENT ON COLUMN actionstep.receipt.deleted_at IS 'When it was deleted or reversed; null while it stands.';

CREATE VIEW actionstep.receipt_allocation AS
SELECT a.receipt_id::text           AS receipt_id,
       a.bill_id::text              AS bill_id,
       a.amount::numeric(14, 2)     AS amount,
       a.modified_at::timestamptz   AS modified_at
  FROM replace_me.receipt_allocation a;

COMMENT ON VIEW actionstep.receipt_allocation IS 'What each receipt settles: one row or more for each bill; several are added up.';
COMMENT ON COLUMN actionstep.receipt_allocation.receipt_id IS 'Id of the receipt.';
COMMENT ON COLUMN actionstep.receipt_allocation.bill_id IS 'Id of the bill that it settles.';
COMMENT ON COLUMN actionstep.receipt_allocation.amount IS 'How much of the receipt settles that bill, above zero, in the receipt''s currency.';
COMMENT ON COLUMN actionstep.receipt_allocation.modified_at IS 'Optional: time of the last change of the allocation.';

-- Credit notes and write-offs; which is which tells the prefix of the number. Where your
-- export has negative amounts, turn their signs here: all are above zero in these views.

CREATE VIEW actionstep.credit_note AS
SELECT c.id::text                   AS credit_id,
       c.number::text               AS number,
       c.bill_id::text              AS bill_id,
       c.client_id::text            AS client_id,
       c.matter_id::text            AS matter_id,
       c.credit_date::date          AS credit_date,
       c.currency::text             AS currency,
       c.total_exclusive::numeric(14, 2)    AS total_exclusive,
       c.total_tax::numeric(14, 2)  AS total_tax,
       c.total_inclusive::numeric(14, 2)    AS total_inclusive,
       c.reason::text               AS reason,
       c.modified_at::timestamptz   AS modified_at,
       c.deleted_at::timestamptz    AS deleted_at
  FROM replace_me.credit_note c;

COMMENT ON VIEW actionstep.credit_note IS 'One row for each credit note or write-off, also deleted ones.';
COMMENT ON COLUMN actionstep.credit_note.credit_id IS 'Id of the credit note; it never changes.';
COMMENT ON COLUMN actionstep.credit_note.number IS 'Number as people know it, at most 21 characters.';
COMMENT ON COLUMN actionstep.credit_note.bill_id IS 'Id of the bill it was made from; may be null.';
COMMENT ON COLUMN actionstep.credit_note.client_id IS 'Id of the participant who gets the credit.';
COMMENT ON COLUMN actionstep.credit_note.matter_id IS 'Id of the matter; may be null.';
COMMENT ON COLUMN actionstep.credit_note.credit_date IS 'Day of the credit note.';
COMMENT ON COLUMN actionstep.credit_note.currency IS 'ISO code, such as USD.';
COMMENT ON COLUMN actionstep.credit_note.total_exclusive IS 'Sum of its lines before tax, above zero, in its currency.';
COMMENT ON COLUMN actionstep.credit_note.total_tax IS 'Sum of its taxes, in its currency; 0 for none.';
COMMENT ON COLUMN actionstep.credit_note.total_inclusive IS 'Total with tax, above zero, in its currency.';
COMMENT ON COLUMN actionstep.credit_note.reason IS 'Why it was made.';
COMMENT ON COLUMN actionstep.credit_note.modified_at IS 'Time of the last change; moves also when a line or an application is removed.';
COMMENT ON COLUMN actionstep.credit_note.deleted_at IS 'When it was deleted; null while it stands.';

CREATE VIEW actionstep.credit_note_line AS
SELECT l.credit_id::text            AS credit_id,
       l.line_no::integer           AS line_no,
       CASE lower(l.type)
           WHEN 'time' THEN 'fee'
           WHEN 'disbursement' THEN 'expense'
           ELSE lower(l.type)
       END                          AS kind,
       l.account_number::text       AS account_number,
       l.description::text          AS description,
       l.amount_exclusive::numeric(14, 2)   AS amount_exclusive,
       l.tax_code::text             AS tax_code,
       l.tax_amount::numeric(14, 2) AS tax_amount,
       l.modified_at::timestamptz   AS modified_at
  FROM replace_me.credit_note_line l;

COMMENT ON VIEW actionstep.credit_note_line IS 'One row for each line of each credit note; they add up to its totals.';
COMMENT ON COLUMN actionstep.credit_note_line.credit_id IS 'Id of its credit note.';
COMMENT ON COLUMN actionstep.credit_note_line.line_no IS 'Number of the line, once in its credit note.';
COMMENT ON COLUMN actionstep.credit_note_line.kind IS 'fee or expense.';
COMMENT ON COLUMN actionstep.credit_note_line.account_number IS 'Number of the income or expense account, such as 4-1100.';
COMMENT ON COLUMN actionstep.credit_note_line.description IS 'Text of the line.';
COMMENT ON COLUMN actionstep.credit_note_line.amount_exclusive IS 'Amount before tax, above zero, in the credit note''s currency.';
COMMENT ON COLUMN actionstep.credit_note_line.tax_code IS 'Tax code as Actionstep names it; empty for none.';
COMMENT ON COLUMN actionstep.credit_note_line.tax_amount IS 'Its tax, in the credit note''s currency; 0 for none.';
COMMENT ON COLUMN actionstep.credit_note_line.modified_at IS 'Optional: time of the last change of the line.';

CREATE VIEW actionstep.credit_application AS
SELECT a.credit_id::text            AS credit_id,
       a.bill_id::text              AS bill_id,
       a.applied_on::date           AS applied_on,
       a.amount::numeric(14, 2)     AS amount,
       a.modified_at::timestamptz   AS modified_at
  FROM replace_me.credit_application a;

COMMENT ON VIEW actionstep.credit_application IS 'What each credit note settles: one row or more for each bill; several are added up.';
COMMENT ON COLUMN actionstep.credit_application.credit_id IS 'Id of the credit note.';
COMMENT ON COLUMN actionstep.credit_application.bill_id IS 'Id of the bill that it settles.';
COMMENT ON COLUMN actionstep.credit_application.applied_on IS 'Day on which it was applied; null: the day of the credit note.';
COMMENT ON COLUMN actionstep.credit_application.amount IS 'How much of the credit settles that bill, above zero, in the credit note''s currency.';
COMMENT ON COLUMN actionstep.credit_application.modified_at IS 'Optional: time of the last change of the application.';

GRANT SELECT ON
    actionstep.bill, actionstep.bill_line,
    actionstep.receipt, actionstep.receipt_allocation,
    actionstep.credit_note, actionstep.credit_note_line, actionstep.credit_application
    TO actionstep_quickbooks_reader;

-- Indexes. Every few minutes it is asked what changed, and for rows by their id as text:
-- without these, each of the tables is read from end to end every time. A load that makes
-- the tables anew must make the indexes anew, too.

CREATE INDEX IF NOT EXISTS bill_line_by_bill ON replace_me.bill_line ((bill_id::text));
CREATE INDEX IF NOT EXISTS bill_line_by_time ON replace_me.bill_line (modified_at);
CREATE INDEX IF NOT EXISTS receipt_by_id ON replace_me.receipt ((id::text));
CREATE INDEX IF NOT EXISTS receipt_by_time ON replace_me.receipt (modified_at);
CREATE INDEX IF NOT EXISTS receipt_by_end ON replace_me.receipt (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS receipt_allocation_by_receipt ON replace_me.receipt_allocation ((receipt_id::text));
CREATE INDEX IF NOT EXISTS receipt_allocation_by_time ON replace_me.receipt_allocation (modified_at);
CREATE INDEX IF NOT EXISTS credit_note_by_id ON replace_me.credit_note ((id::text));
CREATE INDEX IF NOT EXISTS credit_note_by_time ON replace_me.credit_note (modified_at);
CREATE INDEX IF NOT EXISTS credit_note_by_end ON replace_me.credit_note (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS credit_note_line_by_credit ON replace_me.credit_note_line ((credit_id::text));
CREATE INDEX IF NOT EXISTS credit_note_line_by_time ON replace_me.credit_note_line (modified_at);
CREATE INDEX IF NOT EXISTS credit_application_by_credit ON replace_me.credit_application ((credit_id::text));
CREATE INDEX IF NOT EXISTS credit_application_by_time ON replace_me.credit_application (modified_at);

COMMIT;
