import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

import { click, field, openTab, see, state } from "./steps";

const tours = registry.category("web_tour.tours");

const BAR = ".o_actionstep_progress";
// The bar asks every two seconds.
const PATIENCE = 20000;

function openMenu(name, text) {
    return [
        click("Open the documents", "[data-menu-xmlid='actionstep_quickbooks.menu_documents']"),
        click(text, `[data-menu-xmlid='actionstep_quickbooks.menu_${name}']`),
    ];
}

/** Let the scheduled action make a pass, and nothing else: the page stays as it is. */
async function runScheduledAction() {
    const call = (method, args) =>
        rpc(`/web/dataset/call_kw/ir.cron/${method}`, {
            model: "ir.cron",
            method,
            args,
            kwargs: {},
        });
    const found = await call("search", [[["code", "ilike", "_cron_sync"]]]);
    await call("method_direct_trigger", [found]);
}

function sync(content) {
    return [
        click("Sync Now", "button[name=action_sync_now]"),
        see("It says that it works", ".o_notification:contains(The run has started)"),
        click("Close the message", ".o_notification .o_notification_close"),
        { content, trigger: BAR, run: runScheduledAction },
    ];
}

tours.add("actionstep_quickbooks_progress", {
    steps: () => [
        see("Nothing was pushed yet", `${BAR}:contains(0 of 8 pushed)`),
        see("None stands in QuickBooks", ".oe_stat_button:contains(In QuickBooks):contains(0)"),
        ...sync("The invoices go, the payment does not"),
        see("The bar has moved by itself", `${BAR}[aria-valuenow="8"]:contains(8 of 9 pushed)`, {
            timeout: PATIENCE,
        }),
        ...sync("The payment goes, too"),
        see("All is done: the bar is gone", `.o_form_view:not(:has(${BAR}))`, {
            timeout: PATIENCE,
        }),
        see("And the counts are new", ".oe_stat_button:contains(In QuickBooks):contains(9)"),
    ],
});

tours.add("actionstep_quickbooks_documents", {
    steps: () => [
        ...openMenu("payments", "Open the payments"),
        click("Open the payment", ".o_data_row:contains(CHQ-7) .o_data_cell[name=payment_date]"),
        see("It is pushed", state("pushed")),
        see("Its amount on our side", `${field("amount")}:contains(60.00)`),
        see("Its amount over there", `${field("quickbooks_total")}:contains(60.00)`),
        see("What is left of it", `${field("amount_unapplied")}:contains(20.00)`),
        click("Open the invoice it settles", `${field("allocation_ids")} a:contains(INV-10001)`),
        see("It is the invoice", `${field("number")}:contains(INV-10001)`),
        ...openTab("payments", "Payments"),
        see("It names the payment", `${field("allocation_ids")} .o_data_row:contains(CHQ-7):contains(40.00)`),
        ...openTab("credits", "Credits"),
        click(
            "Open what is credited",
            `${field("application_ids")} .o_data_row:contains(CR-1) button[name=get_formview_action]`
        ),
        see("Its page is open", '.o_breadcrumb:contains("CR-1 →")'),
        see("It is applied in QuickBooks", state("pushed")),
        click("Open its credit note", `${field("credit_note_id")} a:contains(CR-1)`),
        see("Its total on both sides", `${field("quickbooks_total")}:contains(866.00)`),
        see("What is not applied", `${field("amount_open")}:contains(856.00)`),
        ...openTab("applications", "Applied to"),
        see("The invoice it is applied to", `${field("application_ids")} a:contains(INV-10001)`),

        ...openMenu("write_offs", "Open the write-offs"),
        see("The write-off is there", ".o_data_row:contains(WO-1):contains(In QuickBooks)"),
        see("The credit note is not", ".o_list_view:not(:has(.o_data_row:contains(CR-1)))"),
        ...openMenu("credit_notes", "Open the credit notes"),
        see("The credit note is there", ".o_data_row:contains(CR-1):contains(In QuickBooks)"),
        see("The write-off is not", ".o_list_view:not(:has(.o_data_row:contains(WO-1)))"),
    ],
});

tours.add("actionstep_quickbooks_hold", {
    steps: () => [
        click(
            "Open the payment that needs attention",
            ".o_data_row:contains(Payment):contains(CHQ-8) .o_data_cell[name=number]"
        ),
        see("It says what to do", ".alert-danger:contains(Add a line for it to the GL account map)"),
        see("It is not unlinked: it never was there", ".o_form_view:not(:has(button[name=action_unlink]))"),
        click("Hold it", "button[name=action_hold]"),
        click("Yes", ".modal:contains(until somebody releases it) .modal-footer .btn-primary"),
        see("It is on hold", state("held")),
        see("The form says so", ".alert-secondary:contains(Release takes that back)"),
        see("So does the chatter", ".o-mail-Message:contains(On hold: it is not pushed)"),
        see("It cannot be pushed", ".o_form_view:not(:has(button[name=action_push_now]))"),
        click("Release it", "button[name=action_release]"),
        see("It waits again", state("waiting")),

        ...openMenu("register", "Open all documents"),
        // The list first shows what it showed before, and forgets then what was chosen.
        see("It shows what is now", ".o_data_row:contains(CHQ-8):contains(Waiting)"),
        click("Choose one", ".o_data_row:contains(WO-1) .o_list_record_selector input"),
        see("One is chosen", ".o_selection_box:contains(1)"),
        click("And another", ".o_data_row:contains(CR-1):not(:contains(→)) .o_list_record_selector input"),
        see("Two are chosen", ".o_selection_box:contains(2)"),
        click("Hold both", "button[name=action_hold]"),
        click("Yes", ".modal:contains(until somebody releases them) .modal-footer .btn-primary"),
        see("It tells how many", ".o_notification:contains(2 of 2 on hold now)"),
        see("The list shows it", ".o_data_row:contains(WO-1):contains(On hold)"),
    ],
});

tours.add("actionstep_quickbooks_preview", {
    steps: () => [
        click("Open what is pushed", ".o_data_row:contains(INV-10001) .o_data_cell[name=number]"),
        see("A reader does not decide", ".o_form_view:not(:has(button[name=action_hold]))"),
        see("Nor push", ".o_form_view:not(:has(button[name=action_push_now]))"),
        see("Where its line goes", `${field("line_ids")} [name=target_item]:contains(Legal Fees)`),
        click("Preview", "button[name=action_preview]"),
        see("It says what becomes of it", ".modal:contains(QuickBooks has just this)"),
        see("It names the product", ".modal table:contains(Legal Fees)"),
        see("And the number", ".modal table:contains(INV-10001)"),
        click("To the letter", ".modal .nav-link[name=json]"),
        see("As JSON", '.modal [name=payload]:contains("DocNumber": "INV-10001")'),
        click("Close", ".modal-footer button:contains(Close)"),
        see("It is closed", "body:not(:has(.modal))"),

        ...openMenu("invoices", "Open the invoices"),
        click("Open what needs attention", ".o_data_row:contains(INV-10002) .o_data_cell[name=number]"),
        see("A line that goes nowhere", `${field("line_ids")} [name=target_item].text-danger:contains(Account is not mapped)`),
        click("Preview", "button[name=action_preview]"),
        see("It says why not", ".modal .alert-danger:contains(has no product or service)"),
        click("Close", ".modal-footer button:contains(Close)"),
        see("It is closed", "body:not(:has(.modal))"),
    ],
});

tours.add("actionstep_quickbooks_settings", {
    steps: () => {
        const choose = (name, text) =>
            click(`Choose ${text}`, `${field(name)} .o_radio_item:contains(${text}) input`);
        const shown = (name) => see(`${name} shows`, field(name));
        const hidden = (name) =>
            see(`${name} does not`, `.o_form_view:not(:has(${field(name)}))`);
        return [
            see("Details come from the reporting database", ".nav-link[name=reporting]"),
            ...["detail_policy", "line_detail", "deposit_to", "write_off_prefixes"].map(shown),
            ...["totals_account_id", "deposit_account_id"].map(hidden),
            choose("detail_policy", "Goes by its totals first"),
            shown("totals_account_id"),
            choose("detail_source", "Totals of the bills"),
            ...["totals_account_id", "totals_tax_free_code_id", "deposit_account_id"].map(shown),
            ...["detail_policy", "line_detail", "deposit_to", "write_off_prefixes"].map(hidden),
            see("No reporting database", ".o_notebook:not(:has(.nav-link[name=reporting]))"),
            choose("detail_source", "Files"),
            see("Files can be uploaded", "button:contains(Upload Files)"),
            choose("detail_source", "Reporting database"),
            ...openTab("reporting", "Reporting Database"),
            { ...see("A schema that is not there", `${field("reporting_schema")} input`), run: "edit nowhere" },
            click("Check", "button[name=action_check_reporting]"),
            see("What is missing stays on the page", ".alert-warning:contains(bill_line)"),
            { ...see("The right one", `${field("reporting_schema")} input`), run: "edit actionstep" },
            click("Check again", "button[name=action_check_reporting]"),
            see("All is there", ".o_notification:contains(has all that is needed)"),
            see("Nothing is missing", ".o_form_view:not(:has(.alert-warning:contains(bill_line)))"),
        ];
    },
});
