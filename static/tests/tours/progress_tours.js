import { rpc } from "@web/core/network/rpc";
import { registry } from "@web/core/registry";

import { click, see } from "./steps";

const tours = registry.category("web_tour.tours");

const CARD = ".o_kanban_record:contains(Miller & Partners)";
const BAR = `${CARD} .o_actionstep_progress`;
// A batch of this test takes two seconds, and several of them land before something shows.
const PATIENCE = { timeout: 30000 };

let pass = Promise.resolve();

function call(model, method, ...args) {
    const kwargs = {};
    return rpc(`/web/dataset/call_kw/${model}/${method}`, { model, method, args, kwargs });
}

/** Let the scheduled action make a pass while the page stays as it is. */
function beginPass(content) {
    return {
        content,
        trigger: CARD,
        async run() {
            // Two at once are one too many for Odoo.
            await pass;
            const found = await call("ir.cron", "search", [["code", "ilike", "_cron_sync"]]);
            pass = call("ir.cron", "method_direct_trigger", found);
        },
    };
}

/** Wait until a batch is really under way. */
async function isUnderWay() {
    const domain = [["state", "=", "started"]];
    while (!(await call("actionstep.sync.job", "search_count", domain))) {
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
}

function phase(name) {
    return `${BAR}[data-phase=${name}]`;
}

tours.add("actionstep_quickbooks_live", {
    steps: () => [
        click("Sync Now", `${CARD} button[name=action_sync_now]`),
        see("It says that it works", ".o_notification:contains(The run has started)"),
        see("It reads first", phase("reading")),
        beginPass("A run begins"),
        see(
            "Documents go, and the bar moves by itself",
            `${phase("pushing")}:not([aria-valuenow="0"]):contains(of 150 pushed)`,
            PATIENCE
        ),
        see("It cannot be started twice", `${CARD}:not(:has([name=action_sync_now]))`),
        click("Pause", `${CARD} button[name=action_pause]`),
        see("It is paused", `${phase("paused")}:contains(Paused:)`),
        see("The card says so", `${CARD} .alert:contains(until somebody resumes)`),
        {
            content: "What was under way has landed",
            trigger: phase("paused"),
            run: async () => await pass,
        },
        see("Not all have gone", `${phase("paused")}:not([aria-valuenow="150"])`),
        click("Resume", `${CARD} button[name=action_resume]`),
        see("It is active again", `${CARD} button[name=action_stop]`),
        beginPass("The run goes on"),
        { content: "A batch is under way", trigger: CARD, run: isUnderWay },
        click("Stop it", `${CARD} button[name=action_stop]`),
        see("It stops, and the queue waits", phase("waiting"), PATIENCE),
        see("It says so", `${CARD} footer:contains(Stopped)`),
        see("It may be started again", `${CARD} button[name=action_sync_now]`),
        beginPass("The next run takes the rest"),
        see("All are in QuickBooks", `${CARD} .o_actionstep_count:contains(150)`, PATIENCE),
        see("Nothing is left to do", `${CARD}:not(:has(.o_actionstep_progress))`),
        {
            content: "The run is over",
            trigger: CARD,
            run: async () => await pass,
        },
    ],
});
