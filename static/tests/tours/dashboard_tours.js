import { registry } from "@web/core/registry";

import { click, see } from "./steps";

const tours = registry.category("web_tour.tours");

const CARD = ".o_kanban_record:contains(Miller & Partners)";
const BACK = ".o_breadcrumb .o_back_button, .breadcrumb-item a";

function count(text) {
    return `${CARD} .o_actionstep_count a:contains(${text})`;
}

tours.add("actionstep_quickbooks_card", {
    steps: () => [
        see("Some of them need attention", `${count("Needs attention")}:contains(5)`),
        see("Others are in QuickBooks", `${count("In QuickBooks")}:contains(3)`),
        see("When it last ran", `${CARD} footer:contains(Last run)`),
        see("What was pushed in 30 days", `${CARD} canvas[aria-label*="30 Days"]`),
        click("Open what needs attention", count("Needs attention")),
        see("Each cause is told", ".o_kanban_record:contains(Account is not mapped):contains(4-1200)"),
        click("Back", BACK),
        click("Open what is in QuickBooks", count("In QuickBooks")),
        see("All three of them", ".o_pager_limit:contains(3)"),
        click("Back", BACK),
        click("Sync Now", `${CARD} button[name=action_sync_now]`),
        see("It says that it works", ".o_notification:contains(The run has started)"),
        see("And so does the card", `${CARD} [data-phase=reading]`),
        see("It may be stopped", `${CARD} button[name=action_stop]`),
        see("It cannot be paused by an operator", `${CARD}:not(:has([name=action_pause]))`),
    ],
});

tours.add("actionstep_quickbooks_card_on_a_phone", {
    steps: () => [
        see("What needs attention shows", `${count("Needs attention")}:contains(5):visible`),
        see("What waits shows", `${count("Waiting")}:visible`),
        see("What is in QuickBooks shows", `${count("In QuickBooks")}:contains(3):visible`),
        {
            content: "Nothing is cut off on the right",
            trigger: CARD,
            run({ anchor }) {
                if (anchor.scrollWidth > window.innerWidth) {
                    throw new Error(`The card is ${anchor.scrollWidth} wide`);
                }
            },
        },
        click("Open what needs attention", count("Needs attention")),
        see("It opens", ".o_kanban_record:contains(Account is not mapped)"),
    ],
});
