-- A firm's reporting database: what its nightly load makes of Actionstep's Reporting
-- SQL Export (schema export), and over it the views of the addon's contract (schema
-- actionstep). The export's own table names are not public; these follow the
-- vendor's usage (sale_purchase, gst_code, ac_receipt) and are an assumption. The
-- views are the contract: their names, columns and types.

CREATE SCHEMA export;

CREATE TABLE export.participant (
    participant_id      integer PRIMARY KEY,
    display_name        text NOT NULL
);

CREATE TABLE export.account (
    account_id          integer PRIMARY KEY,
    account_number      text NOT NULL UNIQUE,
    name                text NOT NULL
);

CREATE TABLE export.gst_code (
    gst_code_id         integer PRIMARY KEY,
    code                text NOT NULL UNIQUE,
    percentage          numeric(6, 2) NOT NULL
);

CREATE TABLE export.sale_purchase (
    sale_purchase_id    integer PRIMARY KEY,
    our_reference       text NOT NULL,
    status              text NOT NULL,
    participant_id      integer,
    division_id         integer,
    currency            text NOT NULL,
    invoice_date        date,
    due_date            date,
    total_exclusive     numeric(12, 2) NOT NULL,
    total_sales_tax     numeric(12, 2) NOT NULL,
    total_inclusive     numeric(12, 2) NOT NULL,
    modified_timestamp  timestamptz NOT NULL,
    deleted_timestamp   timestamptz
);
CREATE INDEX ON export.sale_purchase (modified_timestamp);
CREATE INDEX ON export.sale_purchase ((sale_purchase_id::text));

CREATE TABLE export.sale_purchase_action (
    sale_purchase_id    integer NOT NULL,
    action_id           integer NOT NULL,
    PRIMARY KEY (sale_purchase_id, action_id)
);

CREATE TABLE export.sale_invoice_line_item (
    sale_purchase_id    integer NOT NULL,
    line_number         integer NOT NULL,
    line_type           text NOT NULL,
    account_number      text,
    description         text,
    quantity            numeric(16, 6),
    unit_price          numeric(18, 4),
    amount_exclusive    numeric(12, 2) NOT NULL,
    gst_code            text,
    gst_amount          numeric(12, 2) NOT NULL,
    action_id           integer,
    timekeeper          text,
    service_date        date,
    qbo_product_service text,
    modified_timestamp  timestamptz NOT NULL,
    PRIMARY KEY (sale_purchase_id, line_number)
);
CREATE INDEX ON export.sale_invoice_line_item (modified_timestamp);
CREATE INDEX ON export.sale_invoice_line_item ((sale_purchase_id::text));

CREATE TABLE export.ac_receipt (
    receipt_id          integer PRIMARY KEY,
    participant_id      integer,
    action_id           integer,
    receipt_date        date NOT NULL,
    amount              numeric(12, 2) NOT NULL,
    currency            text NOT NULL,
    payment_method      text,
    receipt_number      text,
    description         text,
    account_number      text,
    from_trust          boolean NOT NULL DEFAULT false,
    modified_timestamp  timestamptz NOT NULL,
    deleted_timestamp   timestamptz
);
CREATE INDEX ON export.ac_receipt (modified_timestamp);
CREATE INDEX ON export.ac_receipt ((receipt_id::text));

CREATE TABLE export.ac_receipt_allocation (
    receipt_id          integer NOT NULL,
    sale_purchase_id    integer NOT NULL,
    amount              numeric(12, 2) NOT NULL,
    PRIMARY KEY (receipt_id, sale_purchase_id)
);
CREATE INDEX ON export.ac_receipt_allocation ((receipt_id::text));

CREATE TABLE export.credit (
    credit_id           integer PRIMARY KEY,
    our_reference       text NOT NULL,
    sale_purchase_id    integer,
    participant_id      integer,
    action_id           integer,
    credit_date         date NOT NULL,
    currency            text NOT NULL,
    total_exclusive     numeric(12, 2) NOT NULL,
    total_sales_tax     numeric(12, 2) NOT NULL,
    total_inclusive     numeric(12, 2) NOT NULL,
    reason              text,
    modified_timestamp  timestamptz NOT NULL,
    deleted_timestamp   timestamptz
);
CREATE INDEX ON export.credit (modified_timestamp);
CREATE INDEX ON export.credit ((credit_id::text));

CREATE TABLE export.credit_line_item (
    credit_id           integer NOT NULL,
    line_number         integer NOT NULL,
    line_type           text NOT NULL,
    account_number      text,
    description         text,
    amount_exclusive    numeric(12, 2) NOT NULL,
    gst_code            text,
    gst_amount          numeric(12, 2) NOT NULL,
    PRIMARY KEY (credit_id, line_number)
);
CREATE INDEX ON export.credit_line_item ((credit_id::text));

CREATE TABLE export.credit_application (
    credit_id           integer NOT NULL,
    sale_purchase_id    integer NOT NULL,
    applied_on          date NOT NULL,
    amount              numeric(12, 2) NOT NULL
);
CREATE INDEX ON export.credit_application ((credit_id::text));

-- end of export: what follows is the firm's own

CREATE SCHEMA actionstep;

CREATE VIEW actionstep.bill AS
SELECT b.sale_purchase_id::text AS bill_id,
       b.our_reference AS number,
       b.status,
       b.participant_id::text AS client_id,
       p.display_name AS client_name,
       (SELECT string_agg(m.action_id::text, ',' ORDER BY m.action_id)
          FROM export.sale_purchase_action m
         WHERE m.sale_purchase_id = b.sale_purchase_id) AS matter_ids,
       b.division_id::text AS division_id,
       b.currency,
       b.invoice_date AS bill_date,
       b.due_date,
       b.total_exclusive,
       b.total_sales_tax AS total_tax,
       b.total_inclusive,
       b.modified_timestamp AS modified_at,
       b.deleted_timestamp AS deleted_at
  FROM export.sale_purchase b
  LEFT JOIN export.participant p USING (participant_id);

CREATE VIEW actionstep.bill_line AS
SELECT sale_purchase_id::text AS bill_id,
       line_number AS line_no,
       line_type AS kind,
       account_number,
       description,
       trim_scale(quantity) AS quantity,
       unit_price::numeric(14, 2) AS unit_price,
       amount_exclusive,
       gst_code AS tax_code,
       gst_amount AS tax_amount,
       action_id::text AS matter_id,
       timekeeper,
       service_date,
       qbo_product_service AS product_service,
       modified_timestamp AS modified_at
  FROM export.sale_invoice_line_item;

CREATE VIEW actionstep.receipt AS
SELECT receipt_id::text AS receipt_id,
       participant_id::text AS client_id,
       action_id::text AS matter_id,
       receipt_date AS received_on,
       amount,
       currency,
       payment_method AS method,
       receipt_number AS reference,
       description AS memo,
       account_number AS deposit_account_number,
       from_trust,
       modified_timestamp AS modified_at,
       deleted_timestamp AS deleted_at
  FROM export.ac_receipt;

CREATE VIEW actionstep.receipt_allocation AS
SELECT receipt_id::text AS receipt_id,
       sale_purchase_id::text AS bill_id,
       amount
  FROM export.ac_receipt_allocation;

CREATE VIEW actionstep.credit_note AS
SELECT credit_id::text AS credit_id,
       our_reference AS number,
       sale_purchase_id::text AS bill_id,
       participant_id::text AS client_id,
       action_id::text AS matter_id,
       credit_date,
       currency,
       total_exclusive,
       total_sales_tax AS total_tax,
       total_inclusive,
       reason,
       modified_timestamp AS modified_at,
       deleted_timestamp AS deleted_at
  FROM export.credit;

CREATE VIEW actionstep.credit_note_line AS
SELECT credit_id::text AS credit_id,
       line_number AS line_no,
       line_type AS kind,
       account_number,
       description,
       amount_exclusive,
       gst_code AS tax_code,
       gst_amount AS tax_amount
  FROM export.credit_line_item;

CREATE VIEW actionstep.credit_application AS
SELECT credit_id::text AS credit_id,
       sale_purchase_id::text AS bill_id,
       applied_on,
       amount
  FROM export.credit_application;

GRANT USAGE ON SCHEMA actionstep TO reporting_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA actionstep TO reporting_reader;
