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

/** Two cards, with a subject and without; then their documents are decided elsewhere. */
tours.add("actionstep_quickbooks_seen", {
    steps: () => [
        see("A card without a subject", card("No number")),
        click("Open its document", `${card("No number")} button[name=action_cure]`),
        see("It is the cause that was seen", `.o_form_view ${field("failure_cause")}:contains(No number)`),
        click("Back", ".o_breadcrumb .o_back_button, .breadcrumb-item a"),
        see("A card with a subject", card("Account is not mapped")),
        click("Show its document", `${card("4-1200")} button[name=action_open]`),
        see("It opens", `.o_form_view ${field("failure_cause")}:contains(Account is not mapped)`),
        click("Back", ".o_breadcrumb .o_back_button, .breadcrumb-item a"),
        {
            content: "Somebody else decides about the document meanwhile",
            trigger: card("No number"),
            run: async () => {
                const call = (model, method, args) =>
                    fetch(`/web/dataset/call_kw/${model}/${method}`, {
                        method: "POST",
                        headers: { "Content-Type": "application/json" },
                        body: JSON.stringify({
                            params: { model, method, args, kwargs: {} },
                        }),
                    }).then((answer) => answer.json());
                const domain = [["failure_cause", "=", "number_missing"]];
                const { result } = await call("actionstep.invoice", "search", [domain]);
                await call("actionstep.invoice", "action_hold", [result]);
            },
        },
        click("Press the old card", `${card("No number")} button[name=action_cure]`),
        see("It says that this has changed", ".o_notification:contains(This has changed in the meantime)"),
        see("The page is read anew", `.o_kanban_view:not(:has(${card("No number")}))`),
        see("The others are still there", card("Account is not mapped")),
    ],
});
