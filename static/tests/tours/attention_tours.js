import { registry } from "@web/core/registry";

import { click, field, see } from "./steps";

const tours = registry.category("web_tour.tours");

const card = (text) => `.o_kanban_record:contains(${text})`;

tours.add("actionstep_quickbooks_mend", {
    steps: () => [
        see("A card says what it is", `${card("4-1200")}:contains(Account is not mapped)`),
        see("And how many it keeps back", `${card("4-1200")}:contains(Documents: 1)`),
        see(
            "It leads to its page in the documentation",
            `${card("4-1200")} a[href='/actionstep_quickbooks/help/account_unmapped']`
        ),
        click("Press its button", `${card("4-1200")} button:contains(Map This Account)`),
        see("The account is there already", `.modal ${field("account_id")} input:value("4-1200")`),
        {
            ...see("Look for the product", `.modal ${field("item_id")} input`),
            run: "edit Fixed Fees",
        },
        click("Choose it", ".modal .o-autocomplete--dropdown-item:contains(Fixed Fees)"),
        click("Save", ".modal .o_form_button_save"),
        see("The card is gone", `.o_kanban_view:not(:has(${card("4-1200")}))`),
        see("The others are still there", card("Account is not mapped")),
    ],
});
