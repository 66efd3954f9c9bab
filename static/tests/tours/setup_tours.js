import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

import { click, field, openTab, see, state } from "./steps";

const tours = registry.category("web_tour.tours");

const PATIENCE = 30000;
const TALLY = "actionstep_quickbooks_tally";
const KEYS = [
    "actionstep_client_id",
    "actionstep_client_secret",
    "quickbooks_client_id",
    "quickbooks_client_secret",
];
const BUTTONS = [
    "action_check_setup",
    "action_confirm",
    "action_connect_actionstep",
    "action_connect_quickbooks",
    "action_cure",
    "action_disconnect_actionstep",
    "action_disconnect_quickbooks",
    "action_open_mapping",
    "action_pause",
    "action_sync_now",
    "action_take_back",
    "action_turn_on",
    "load_lists",
];

/** What a person did so far; it outlives the pages of the vendors in between. */
function tally(kind) {
    const done = JSON.parse(sessionStorage.getItem(TALLY) || "null") || {
        started: Date.now(),
        clicks: 0,
        typed: 0,
    };
    if (kind) {
        done[kind] += 1;
    }
    sessionStorage.setItem(TALLY, JSON.stringify(done));
    return done;
}

/** The same steps, each click and each text that is typed counted. */
function counted(steps) {
    return steps.map((one) => {
        const [word, ...text] = (one.run || "").split(" ");
        const kind = { click: "clicks", edit: "typed" }[word];
        const run = async (person) => {
            tally(kind);
            await person[word](...(text.length ? [text.join(" ")] : []));
        };
        return kind ? { ...one, run } : one;
    });
}

/** Take what is proposed for one map. */
function acceptAll() {
    return [
        click("Accept all proposals", ".o_actionstep_accept_all"),
        see("None is left", ".o_form_view:not(:has(.o_actionstep_accept))"),
    ];
}

/** Fill the three maps with what is proposed. */
function mapByProposals() {
    return [
        ...acceptAll(),
        ...openTab("account_map", "GL Account Map"),
        ...acceptAll(),
        ...openTab("tax_map", "Sales Tax Map"),
        ...acceptAll(),
    ];
}

function step(name, isNow = true) {
    const now = isNow ? "[aria-current=step]" : "[data-done]";
    return `.o_actionstep_steps li[data-step=${name}]${now}`;
}

function call(model, method, ...args) {
    return rpc(`/web/dataset/call_kw/${model}/${method}`, { model, method, args, kwargs: {} });
}

/** Let the scheduled action make a pass; nobody presses anything for that. */
async function runScheduledAction() {
    const found = await call("ir.cron", "search", [["code", "ilike", "_cron_sync"]]);
    await call("ir.cron", "method_direct_trigger", found);
}

/** Keep what was counted so far, for the test to read. */
async function tell(what) {
    const { started, clicks, typed } = tally();
    const seconds = Math.round((Date.now() - started) / 100) / 10;
    const told = JSON.stringify({ clicks, typed, seconds });
    await call("ir.config_parameter", "set_param", `actionstep_quickbooks.test_${what}`, told);
}

/** What the two vendors gave out; the test put it there. */
async function getKeys() {
    const name = "actionstep_quickbooks.test_keys";
    return JSON.parse(await call("ir.config_parameter", "get_param", name));
}

function enterKey(name) {
    return {
        content: `Enter ${name}`,
        trigger: `${field(name)} input`,
        run: async (person) => {
            tally("typed");
            await person.edit((await getKeys())[name]);
        },
    };
}

tours.add("actionstep_quickbooks_guided_way", {
    steps: () => [
        {
            content: "Nothing is there yet, and it says what to do",
            trigger: ".o_view_nocontent:contains(Make a connection for your firm)",
            run: () => void tally(),
        },
        ...counted([click("Make a connection", ".o-kanban-button-new")]),
        see("Keys come first", step("keys")),
        see("It says so", `${field("setup_hint")}:contains(Enter the client id)`),
        ...KEYS.map(enterKey),
        ...counted([
            click("Connect Actionstep", "button[name=action_connect_actionstep]", {
                expectUnloadPage: true,
            }),
        ]),
        see("QuickBooks is next", step("quickbooks"), { timeout: PATIENCE }),
        see("What is done is marked", step("actionstep", false)),
        ...counted([
            click("Connect QuickBooks", "button[name=action_connect_quickbooks]", {
                expectUnloadPage: true,
            }),
        ]),
        see("The lists have loaded by themselves", step("map"), { timeout: PATIENCE }),
        see("They are on the mapping page", ".o_actionstep_reference li"),
        { content: "Look at the clock", trigger: "body", run: () => tell("connected") },
        ...counted(mapByProposals()),
        ...counted([click("Turn it on", "button[name=action_turn_on]")]),
        see("The connection is active", state("active")),
        see("Nothing is left of the way", ".o_form_view:not(:has(.o_actionstep_steps))"),
        {
            content: "The schedule works in the background",
            trigger: ".o_form_view",
            run: runScheduledAction,
        },
        ...counted([click("Look at what is there", ".oe_stat_button:contains(In QuickBooks)")]),
        {
            content: "The first one stands in QuickBooks",
            trigger: ".o_data_row:contains(INV-10001):contains(In QuickBooks)",
            run: () => tell("pushed"),
        },
    ],
});

tours.add("actionstep_quickbooks_checks", {
    steps: () => {
        const line = (text) => `${field("check_ids")} .o_kanban_record:contains("${text}")`;
        return [
            ...openTab("checks", "Before You Get Started"),
            see("What was read is judged", `${line("Chart of accounts")}:contains(OK)`),
            see("What is missing is named", `${line("Sales tax rates")}:contains(CITY 9.5)`),
            see("What cannot be read says so", `${line("Accounting method")}:contains(confirm)`),
            click(
                "Confirm it",
                `${line("Accounting method")} button[name=action_confirm]`
            ),
            see(
                "Who did, and when, stands there",
                `${line("Accounting method")}:contains(Confirmed by)`
            ),
            see(
                "The tab stays open",
                ".o_notebook .nav-link.active[name=checks]"
            ),
            click(
                "Start after the closing date",
                `${line("Closing date")} button[name=action_cure]`
            ),
            see("That line is done", `${line("Closing date")}:contains(only later bills)`),
            click("Check again", "button[name=action_check_setup]"),
            see("The confirmation stays", `${line("Accounting method")}:contains(Confirmed by)`),
            click("Open what is left", ".alert button[name=action_open_checks]"),
            see("What is left is shown", ".o_list_view .o_data_row:contains(Sales tax rates)"),
            see(
                "What is done is not",
                ".o_list_view:not(:has(.o_data_row:contains(Accounting method)))"
            ),
        ];
    },
});

tours.add("actionstep_quickbooks_without_rights", {
    steps: () => {
        const look = (name, next) => [
            click(`Open ${name}`, `.o_kanban_record:contains(${name}) .fw-bold`),
            see("The steps are shown", step(next)),
            see("It says whose turn it is", `${field("setup_hint")}:contains(An administrator)`),
            see("Nothing loads by itself", ".o_form_view:not(:has(.o_actionstep_loading))"),
            ...openTab("checks", "Before You Get Started"),
            see("The list can be read", `${field("check_ids")} .o_kanban_record`),
            ...BUTTONS.map((button) =>
                see(`There is no ${button}`, `.o_form_view:not(:has([name=${button}]))`)
            ),
            see(
                "No button leads to where nothing may be done",
                ".o_form_view:not(:has(.alert .btn-primary, .o_statusbar_buttons .btn))"
            ),
            click("Back", ".o_back_button"),
        ];
        return [...look("New Firm", "keys"), ...look("Half Firm", "lists")];
    },
});
