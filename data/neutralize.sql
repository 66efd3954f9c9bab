-- A copy of a database must never speak for the firm: the tokens belong to the original.
UPDATE actionstep_credential
   SET access_token = NULL,
       refresh_token = NULL,
       client_secret = NULL,
       expires_at = NULL,
       refresh_expires_at = NULL,
       state = 'disconnected';
UPDATE actionstep_connection
   SET push_invoices = FALSE,
       state = 'draft',
       actionstep_state = 'disconnected',
       quickbooks_state = 'disconnected';
