import { registry } from "@web/core/registry";

import { click, field, openTab, see, state } from "./steps";

const tours = registry.category("web_tour.tours");

// What a page that is loaded anew may take on a busy machine, in milliseconds.
const PATIENCE = 30000;

/** Choose one entry of a many2one in the line that is being edited. */
function choose(map, name, text) {
    const cell = `${field(map)} .o_selected_row [name=${name}]`;
    return [
        {
            content: `Type ${text}`,
            trigger: `${cell} input`,
            run: `edit ${text}`,
        },
        click(`Choose ${text}`, `.o-autocomplete--dropdown-item:contains("${text}")`),
        see(`${text} is chosen`, `${cell} input:value("${text}")`),
    ];
}

/** Add a mapping line by hand: source and target by field name and text. */
function addLine(map, ...ends) {
    return [
        click("Add a line", `${field(map)} .o_field_x2many_list_row_add a`),
        see("The line is open", `${field(map)} .o_selected_row`),
        ...ends.flatMap(([name, text]) => choose(map, name, text)),
    ];
}

tours.add("actionstep_quickbooks_connect", {
    steps: () => [
        see("Nothing is connected", state("draft")),
        click(
            "Connect Actionstep: its page agrees at once and sends us back",
            "button[name=action_connect_actionstep]:contains(Connect Actionstep)",
            { expectUnloadPage: true }
        ),
        see("Actionstep is connected", `${field("actionstep_state")}:contains(Connected)`, {
            timeout: PATIENCE,
        }),
        see("QuickBooks is not", `${field("quickbooks_state")}:contains(Not connected)`),
        see("The note says so", ".o-mail-Message:contains(Connected to Actionstep.)"),
        click(
            "Connect QuickBooks",
            "button[name=action_connect_quickbooks]:contains(Connect to QuickBooks)",
            { expectUnloadPage: true }
        ),
        see("We stand on the mapping page", ".nav-link:contains(Sales Invoice Account Map)", {
            timeout: PATIENCE,
        }),
        see("Both sides are connected", state("connected")),
        see("The lists are there", ".o_actionstep_reference li:contains(Legal Fees)"),
    ],
});

tours.add("actionstep_quickbooks_map", {
    steps: () => [
        click("Refresh the lists", "button[name=action_refresh_lists]"),
        see("It says so", ".o_notification:contains(up to date)"),
        see(
            "What was renamed in QuickBooks shows",
            ".o_actionstep_reference li:contains(Billable Hours)"
        ),
        click("Turn Sales Invoices on too early", `${field("push_invoices")} input`),
        click(
            "It is refused, and the sentence says why",
            ".modal:contains(Map at least one income account) .modal-footer button"
        ),
        click("Take the change back", ".o_form_button_cancel"),
        see("It is off", `${field("push_invoices")} input:not(:checked)`),

        ...addLine("item_mapping_ids", ["account_id", "4-1100"], ["item_id", "Legal Fees"]),
        ...addLine(
            "item_mapping_ids",
            ["account_id", "6-1100"],
            ["item_id", "Court Filing Fees"]
        ),
        ...openTab("account_map", "GL Account Map"),
        ...addLine(
            "account_mapping_ids",
            ["account_id", "1-1110"],
            ["gl_account_id", "Business Bank Account"]
        ),
        ...openTab("tax_map", "Sales Tax Map"),
        ...addLine(
            "tax_mapping_ids",
            ["tax_code_id", "TAX 8.25"],
            ["quickbooks_tax_code_id", "California 8.25%"]
        ),
        ...addLine("tax_mapping_ids", ["tax_code_id", "NT"], ["quickbooks_tax_code_id", "NON"]),

        click("Turn Sales Invoices on", `${field("push_invoices")} input`),
        see("The connection is active", state("active")),
        ...openTab("item_map", "Sales Invoice Account Map"),
        see(
            "The line is saved and whole",
            `${field("item_mapping_ids")} .o_data_row:contains(4-1100):contains(Mapped)`
        ),
        click("Sync Now", "button[name=action_sync_now]"),
        see("It says that it works", ".o_notification:contains(The run has started)"),
    ],
});

tours.add("actionstep_quickbooks_pushed", {
    steps: () => [
        click("Open the documents", "[data-menu-xmlid='actionstep_quickbooks.menu_documents']"),
        click("Open the invoices", "[data-menu-xmlid='actionstep_quickbooks.menu_invoices']"),
        see(
            "One of them waits for a person",
            ".o_data_row:contains(INV-10002):contains(Needs attention)"
        ),
        click(
            "Open one that stands in QuickBooks",
            ".o_data_row:contains(INV-10001):contains(In QuickBooks) .o_data_cell:first"
        ),
        see("It is pushed", state("pushed")),
        see("Its number over there", `${field("quickbooks_number")}:contains(INV-10001)`),
        see("Its total on our side", `${field("amount_total")}:contains(866.00)`),
        see("Its total over there", `${field("quickbooks_total")}:contains(866.00)`),
        see(
            "Its chatter tells what was done",
            ".o-mail-Message:contains(Created in QuickBooks: invoice INV-10001):contains(866.00)"
        ),
        see(
            "Its chatter leads there",
            ".o-mail-Message a[href*='/app/invoice?txnId=']:contains(Open in QuickBooks)"
        ),
        see("It cannot be changed", ".o_form_view:not(:has(.o_field_widget[name=number] input))"),
    ],
});

tours.add("actionstep_quickbooks_attention", {
    steps: () => [
        see("It is grouped by cause", ".o_group_header:contains(Account is not mapped)"),
        see(
            "The sentence stands in the list",
            ".o_data_row:contains(INV-10002):contains(has no product or service)"
        ),
        click(
            "Open the invoice",
            ".o_data_row:contains(INV-10002) .o_data_cell[name=number]"
        ),
        see("It needs attention", state("attention")),
        see(
            "The sentence says what to do",
            ".alert-danger:contains(The invoice account 4-1200 has no product or service.)" +
                ":contains(Add a line for it to the sales invoice account map)"
        ),
        see(
            "So does the chatter",
            ".o-mail-Message:contains(Needs attention: The invoice account 4-1200)"
        ),
        click("Requeue", "button[name=action_requeue]"),
        see("It waits", state("waiting")),
    ],
});

tours.add("actionstep_quickbooks_user", {
    steps: () => {
        const buttons = [
            "action_connect_actionstep",
            "action_connect_quickbooks",
            "action_disconnect_actionstep",
            "action_disconnect_quickbooks",
            "action_open_mapping",
            "action_refresh_lists",
            "action_sync_now",
            "action_pause",
        ];
        return [
            see("The card shows the connection", ".o_kanban_record:contains(In QuickBooks)"),
            see(
                "It offers nothing to press",
                `.o_kanban_record:not(:has(${buttons.map((b) => `[name=${b}]`).join(",")}))`
            ),
            click("Open it", ".o_kanban_record .fw-bold"),
            see("It is active", state("active")),
            ...buttons.map((name) =>
                see(`There is no ${name}`, `.o_form_view:not(:has([name=${name}]))`)
            ),
            see("The keys are not shown", ".o_form_view:not(:has(.nav-link:contains(Keys)))"),
            see(
                "The switch cannot be turned",
                `${field("push_invoices")} input:disabled`
            ),
            see(
                "There is no menu for administrators",
                ".o_main_navbar:not(:has([data-menu-xmlid='actionstep_quickbooks.menu_checkpoints']))"
            ),
            click("Open what needs attention", ".oe_stat_button:contains(Needs attention)"),
            see("It says what it is", ".o_kanban_record:contains(4-1200):contains(Learn more)"),
            see(
                "But it offers no cure",
                ".o_kanban_view:not(:has([name=action_cure], [name=action_requeue]))"
            ),
            click("Open the one", ".o_kanban_record:contains(4-1200) [name=action_open]"),
            see("It needs attention", ".alert-danger:contains(4-1200)"),
            see("It cannot be requeued", ".o_form_view:not(:has([name=action_requeue]))"),
        ];
    },
});
