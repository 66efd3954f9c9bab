import { registry } from "@web/core/registry";

import { click, field, openTab, see } from "./steps";

const tours = registry.category("web_tour.tours");

const UNMAPPED = ".o_actionstep_unmapped";
const REFERENCE = ".o_actionstep_reference";
const MAP_COLUMNS = "map,actionstep_number,actionstep_name,quickbooks_number,quickbooks_name";

function used(name) {
    return `${REFERENCE} li.o_actionstep_used:contains("${name}")`;
}

function unused(name) {
    return `${REFERENCE} li:not(.o_actionstep_used):contains("${name}")`;
}

function unmapped(name) {
    return `${UNMAPPED} li:contains("${name}")`;
}

/** Nothing stands in a part of the page that contains the text. */
function without(place, text) {
    return `${place}:not(:has(li:contains("${text}")))`;
}

/** Choose one entry in the line that is being edited; what is offered says more. */
function choose(map, name, text, offered) {
    const cell = `${field(map)} .o_selected_row [name=${name}]`;
    return [
        { content: `Type ${text}`, trigger: `${cell} input`, run: `edit ${text}` },
        click(`Choose ${offered}`, `.o-autocomplete--dropdown-item:contains("${text}"):contains("${offered}")`),
        see(`${text} is chosen`, `${cell} input:value("${text}")`),
    ];
}

function addLine(map) {
    return [
        click("Add a line", `${field(map)} .o_field_x2many_list_row_add a`),
        see("The line is open", `${field(map)} .o_selected_row`),
    ];
}

function save() {
    return [
        click("Save", ".o_form_button_save:enabled"),
        see("It is saved", ".o_form_saved, .o_form_view:not(:has(.o_form_status_indicator_buttons:not(.invisible)))"),
    ];
}

/** Each map by hand: what is used is crossed through before anything is saved. */
tours.add("actionstep_quickbooks_maps_by_hand", {
    steps: () => [
        see("The product is free", unused("Legal Fees")),
        see("The account is unmapped", unmapped("4-1100 Professional Fees")),
        ...addLine("item_mapping_ids"),
        ...choose("item_mapping_ids", "account_id", "4-1100", "Revenue"),
        ...choose("item_mapping_ids", "item_id", "Legal Fees", "Legal Fee Income"),
        see("The product is crossed through", used("Legal Fees")),
        see("The account is no longer unmapped", without(UNMAPPED, "4-1100")),
        click("Remove the line", `${field("item_mapping_ids")} .o_list_record_remove`),
        see("The product is free again", unused("Legal Fees")),
        see("The account is unmapped again", unmapped("4-1100 Professional Fees")),
        click("Choose for it", `${unmapped("4-1100")} .o_actionstep_add`),
        see(
            "A line has opened with it",
            `${field("item_mapping_ids")} .o_selected_row [name=account_id] input:value("4-1100")`
        ),
        ...choose("item_mapping_ids", "item_id", "Legal Fees", "Legal Fee Income"),
        ...save(),
        see("It is still crossed through", used("Legal Fees")),

        ...openTab("account_map", "GL Account Map"),
        ...addLine("account_mapping_ids"),
        ...choose("account_mapping_ids", "account_id", "1-1120", "Bank"),
        ...choose("account_mapping_ids", "gl_account_id", "Business Bank", "Bank"),
        see(
            "Trust money on an operating account is caught as it is made",
            `${field("account_mapping_ids")} .o_data_row:contains("Wrong")`
        ),
        see(
            "The sentence says why, to screen readers, too",
            `${UNMAPPED} [aria-live] li:contains("is no trust account")`
        ),
        ...choose("account_mapping_ids", "gl_account_id", "Client Trust Bank", "Bank"),
        see(
            "The right one is right",
            `${field("account_mapping_ids")} .o_data_row:contains("Mapped"):not(:contains("Wrong"))`
        ),
        see("It is crossed through", used("Client Trust Bank Account")),
        ...save(),

        ...openTab("tax_map", "Sales Tax Map"),
        ...addLine("tax_mapping_ids"),
        ...choose("tax_mapping_ids", "tax_code_id", "NT", "No tax"),
        ...choose("tax_mapping_ids", "quickbooks_tax_code_id", "California", "8.25"),
        see(
            "Rates that differ are caught as they are made",
            `${UNMAPPED} [aria-live] li:contains("The rates differ")`
        ),
        click("Try to save it", ".o_form_button_save"),
        click(
            "It is refused, and the sentence says why",
            ".modal:contains(The rates differ: NT) .modal-footer button"
        ),
        click("The line again", `${field("tax_mapping_ids")} .o_data_row [name=quickbooks_tax_code_id]`),
        ...choose("tax_mapping_ids", "quickbooks_tax_code_id", "NON", "NON"),
        see("It is crossed through", used("NON")),
        ...save(),
        see("Search what there is", unused("California 8.25%")),
        {
            content: "Type into the search of the list",
            trigger: `${REFERENCE} input`,
            run: "edit non",
        },
        see("Only what fits is shown", without(REFERENCE, "California")),
    ],
});

/** All maps by proposals, with the keyboard alone where it says so. */
tours.add("actionstep_quickbooks_accept_proposals", {
    steps: () => [
        see(
            "A proposal tells its reason",
            `${unmapped("6-1100 Court Filing Fees")}:contains("Same name")`
        ),
        see("Nothing is a line yet", `${field("item_mapping_ids")}:not(:has(.o_data_row))`),
        {
            content: "Accept one, by keyboard",
            trigger: `${unmapped("6-1100")} .o_actionstep_accept[aria-label*="Accept Court Filing Fees for 6-1100"]`,
            run: ({ anchor }) => {
                anchor.focus();
                anchor.click();
            },
        },
        see(
            "It is a line",
            `${field("item_mapping_ids")} .o_data_row:contains("6-1100"):contains("Mapped")`
        ),
        see("It is crossed through", used("Court Filing Fees")),
        see("It may be taken back", ".o_form_button_cancel"),
        click("Accept all others", ".o_actionstep_accept_all"),
        see("All products of the firm are used", used("Legal Fees")),
        see("What nothing fits stays", unmapped("4-1900 Mediation Fees")),
        see("No proposal is left", ".o_form_view:not(:has(.o_actionstep_accept))"),
        ...save(),
        see("The lines are saved", `${field("item_mapping_ids")} .o_data_row:contains("4-1100")`),
        ...openTab("account_map", "GL Account Map"),
        click("Accept all accounts", ".o_actionstep_accept_all"),
        see("The trust account is crossed through", used("Client Trust Bank Account")),
        ...openTab("tax_map", "Sales Tax Map"),
        click("Accept all tax codes", ".o_actionstep_accept_all"),
        see("The tax code is crossed through", used("California 8.25%")),
        ...save(),
        see("They are crossed through after the save", used("NON")),
        click("Refresh the list of QuickBooks", ".o_actionstep_refresh_targets"),
        see("It says what it did", ".o_notification:contains(Up to date: QuickBooks tax codes)"),
        see("The same map is shown", ".o_notebook .nav-link.active[name=tax_map]"),
    ],
});

function putFile(name, ...rows) {
    return {
        content: `Choose the file ${name}`,
        trigger: ".modal .o_field_widget[name=file] .o_select_file_button, .modal .o_field_widget[name=file] input",
        run: () => {
            const files = new DataTransfer();
            files.items.add(new File([[MAP_COLUMNS, ...rows].join("\n")], name, { type: "text/csv" }));
            const input = document.querySelector(".modal .o_field_widget[name=file] input[type=file]");
            input.files = files.files;
            input.dispatchEvent(new Event("change", { bubbles: true }));
        },
    };
}

/** A spreadsheet that is wrong, and the same one corrected. */
tours.add("actionstep_quickbooks_maps_from_a_file", {
    steps: () => [
        see("The account is unmapped", unmapped("4-1100 Professional Fees")),
        click("Open the import", "button:contains(Import / Export)"),
        see("It says what to do", ".modal p:contains(Fill the two QuickBooks columns in)"),
        putFile("wrong.csv", "item,4-1100,,,Legal Fees", "item,7-7777,,,Legal Fees"),
        see("The file is taken", ".modal .o_field_widget[name=file] :value(wrong.csv)"),
        click("Check it", ".modal button[name=action_check]"),
        see("Nothing was imported", ".modal .alert-danger:contains(Nothing was imported)"),
        see("The row that is wrong", ".modal .o_data_row:contains(7-7777):contains(Error)"),
        putFile("right.csv", "item,4-1100,,,Legal Fees"),
        see("It is to be checked again", ".modal p:contains(Fill the two QuickBooks columns in)"),
        click("Check it", ".modal button[name=action_check]"),
        see("It is clean", ".modal .alert-success:contains(press Import)"),
        click("Import it", ".modal button[name=action_import]"),
        see("It says what it did", ".o_notification:contains(Lines changed: 1)"),
        see("The line is there", `${field("item_mapping_ids")} .o_data_row:contains(4-1100)`),
        see("The product is crossed through", used("Legal Fees")),
    ],
});

/** More lines than one page of them, and more that is unmapped than fits without search. */
tours.add("actionstep_quickbooks_many_lines", {
    steps: () => [
        see("The product is free", unused("Legal Fees")),
        {
            content: "Look for one of many",
            trigger: `${UNMAPPED} input`,
            run: "edit 4-1100",
        },
        see("Only that is shown", without(UNMAPPED, "4-1900")),
        see("The search stays for another look", `${UNMAPPED} input:value("4-1100")`),
        click("The next page of the lines", `${field("item_mapping_ids")} .o_pager_next`),
        click("The last line", `${field("item_mapping_ids")} .o_data_row:contains(9-0021) [name=item_id]`),
        ...choose("item_mapping_ids", "item_id", "Legal Fees", "Legal Fee Income"),
        see("It is crossed through", used("Legal Fees")),
        ...save(),
        see("The first page of the lines", `${field("item_mapping_ids")} .o_data_row:contains(9-0001)`),
        see("It still is crossed through", used("Legal Fees")),
    ],
});

/** Who may only read sees the same, and nothing to press. */
tours.add("actionstep_quickbooks_maps_of_a_reader", {
    steps: () => [
        see("The lists are shown", used("Legal Fees")),
        see("What is unmapped is shown", unmapped("4-1900")),
        see("Nothing can be accepted", `${UNMAPPED}:not(:has(button))`),
        see("Nothing can be refreshed", `${REFERENCE}:not(:has(button))`),
        see("No line can be added", ".o_form_view:not(:has(.o_field_x2many_list_row_add))"),
    ],
});
