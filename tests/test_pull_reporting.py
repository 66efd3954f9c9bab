"""The reporting database: down, refused, or not what the contract says."""

from contextlib import closing

import psycopg2

from odoo.sql_db import connection_info_for
from odoo.tests import tagged

from .test_cron import CronCase


@tagged("post_install", "-at_install")
class TestReporting(CronCase):
    SENTENCE = "The reporting database cannot be read."

    def test_database_that_does_not_answer_is_tried_again(self):
        port = self.connection.reporting_port
        self.connection.reporting_port = 1

        run = self._run(self.connection)

        self.assertEqual((run.state, self.connection.state), ("interrupted", "active"))
        self.assertIn(self.SENTENCE, run.message)
        self.connection.reporting_port = port
        self._assert_goes_on()

    def test_refused_user_pauses_until_it_is_corrected(self):
        user = self.connection.reporting_user
        self.connection.reporting_user = "nobody"

        self._run(self.connection)

        self.assertEqual(self.connection.state, "paused")
        self.assertIn(self.SENTENCE, self.connection.pause_reason)
        self.connection.reporting_user = user
        self.connection.action_resume()
        self._assert_goes_on()

    def test_incomplete_views_are_named(self):
        self.connection.reporting_schema = "pg_catalog"

        run = self._run(self.connection)

        self.assertEqual(run.state, "interrupted")
        self.assertIn("The reporting database lacks pg_catalog.bill_line", run.message)
        self.connection.reporting_schema = "actionstep"
        self._assert_goes_on()

    def test_missing_column_is_named_and_pauses(self):
        where = connection_info_for(self.connection.reporting_database)[1]
        with (
            closing(psycopg2.connect(**where)) as database,
            database.cursor() as cursor,
        ):
            cursor.execute(
                "CREATE SCHEMA lean;"
                "CREATE VIEW lean.bill_line AS"
                " SELECT bill_id, modified_at FROM actionstep.bill_line;"
                "GRANT USAGE ON SCHEMA lean TO PUBLIC;"
                "GRANT SELECT ON lean.bill_line TO PUBLIC"
            )
            database.commit()
            self.addCleanup(self._drop_schema, where)
        self.connection.reporting_schema = "lean"

        self._run(self.connection)

        self.assertEqual(self.connection.state, "paused")
        self.assertIn("The reporting database lacks", self.connection.pause_reason)
        self.assertIn("line_no", self.connection.pause_reason)
        self.connection.reporting_schema = "actionstep"
        self.connection.action_resume()
        self._assert_goes_on()

    def _drop_schema(self, where):
        with closing(psycopg2.connect(**where)) as database:
            database.cursor().execute("DROP SCHEMA lean CASCADE")
            database.commit()
