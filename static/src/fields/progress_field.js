import { Component, onWillDestroy, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { formatInteger } from "@web/views/fields/formatters";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

// The server tells by itself. It is asked as well, in milliseconds, for those whose
// network lets no live connection through.
const ASK = 10000;
// How often the other figures of a card are read anew while documents go.
const REFRESH = 10000;
const NOTIFICATION = "actionstep_quickbooks/progress";
const FIELDS = [
    "progress",
    "progress_phase",
    "progress_done",
    "progress_total",
    "progress_read",
    "progress_rate",
    "progress_seconds",
];

/**
 * How far the push of a connection is; it moves while somebody looks at it.
 *
 * It changes nothing but its own figures, so that what a person types meanwhile stays.
 * When the work begins, is paused or ends, the record is loaded anew unless somebody is
 * at it.
 */
export class ProgressField extends Component {
    static template = "actionstep_quickbooks.ProgressField";
    static props = standardFieldProps;

    setup() {
        this.orm = useService("orm");
        this.bus = useService("bus_service");
        this.values = useState({});
        this.loadedAt = Date.now();
        this.onTold = this.onTold.bind(this);
        this.bus.subscribe(NOTIFICATION, this.onTold);
        useRecordObserver((record) => {
            this.loadedAt = Date.now();
            Object.assign(this.values, this.pick(record.data), {
                state: record.data.state,
            });
            this.listen(record.resId);
        });
        useBus(this.bus, "BUS:RECONNECT", () => this.ask());
        this.timer = setInterval(() => this.ask(), ASK);
        // Also of one that was left before it was ever shown.
        onWillDestroy(() => {
            this.isGone = true;
            clearInterval(this.timer);
            this.bus.unsubscribe(NOTIFICATION, this.onTold);
            this.listen(false);
        });
    }

    // === LISTENING === //

    /** Listen to the channel of one connection, and to no other. */
    listen(resId) {
        const channel = resId && `actionstep.connection_${resId}`;
        if (channel === this.channel) {
            return;
        }
        if (this.channel) {
            this.bus.deleteChannel(this.channel);
        }
        this.channel = channel;
        if (channel) {
            this.bus.addChannel(channel);
        }
    }

    onTold(values) {
        if (values.id === this.props.record.resId) {
            this.take(values);
        }
    }

    /** A server that does not answer is asked again later, without a word. */
    async ask() {
        const { resId, resModel } = this.props.record;
        if (!resId || document.hidden) {
            return;
        }
        try {
            const names = [...FIELDS, "state"];
            const [values] = await this.orm.silent.read(resModel, [resId], names);
            await this.take(values || {});
        } catch {
            return;
        }
    }

    async take(values) {
        if (this.isGone) {
            return;
        }
        const { progress_phase: phase, state } = this.values;
        Object.assign(this.values, values);
        const hasTurned = phase !== this.values.progress_phase || state !== this.values.state;
        const isOld = this.isCard && this.isMoving && Date.now() - this.loadedAt > REFRESH;
        if (hasTurned || isOld) {
            await this.reload();
        }
    }

    async reload() {
        const { record } = this.props;
        this.loadedAt = Date.now();
        if ((await record.isDirty()) || this.isGone) {
            return;
        }
        try {
            await record.load();
        } catch (error) {
            // Whoever has left the page meanwhile needs it no more.
            if (!this.isGone) {
                throw error;
            }
        }
    }

    pick(values) {
        return Object.fromEntries(FIELDS.map((name) => [name, values[name]]));
    }

    // === SHOWING === //

    get isCard() {
        return this.env.config?.viewType === "kanban";
    }

    get phase() {
        return this.values.progress_phase;
    }

    /** Whether something is at work, or left to be pushed. */
    get isMoving() {
        return Boolean(this.phase) && this.phase !== "idle";
    }

    /** Whether how far it is can be told. */
    get isCounted() {
        return this.values.progress_total > 0;
    }

    get barClass() {
        if (this.phase === "paused" || this.phase === "waiting") {
            return "bg-warning";
        }
        return this.isCounted ? "" : "progress-bar-striped progress-bar-animated";
    }

    get width() {
        return this.isCounted ? this.values.progress : 100;
    }

    get sentence() {
        const [done, total, read] = ["progress_done", "progress_total", "progress_read"].map(
            (name) => formatInteger(this.values[name])
        );
        switch (this.phase) {
            case "reading":
                return this.values.progress_read
                    ? _t("Reading from Actionstep: %s new or changed", read)
                    : _t("Reading from Actionstep");
            case "stopping":
                return _t("Stopping: what is under way is finished first");
            case "paused":
                return _t("Paused: %s of %s pushed", done, total);
            case "waiting":
                if (this.values.state === "reauth_required") {
                    return _t("%s of %s pushed, waiting for Reconnect", done, total);
                }
                return _t("%s of %s pushed, waiting for the next run", done, total);
            default:
                return _t("%s of %s pushed", done, total);
        }
    }

    /** How fast it goes and how long it takes; empty until that is measured. */
    get speed() {
        const { progress_rate: rate, progress_seconds: seconds } = this.values;
        if (this.phase !== "pushing" || !rate) {
            return "";
        }
        const perMinute = _t("%s a minute", formatInteger(Math.max(1, Math.round(rate))));
        return `${perMinute}, ${this.timeLeft(seconds)}`;
    }

    timeLeft(seconds) {
        const minutes = Math.round(seconds / 60);
        if (minutes < 1) {
            return _t("less than a minute left");
        }
        return minutes < 90
            ? _t("about %s min left", minutes)
            : _t("about %s h left", Math.round(minutes / 60));
    }
}

registry.category("fields").add("actionstep_progress", {
    component: ProgressField,
    displayName: _t("Progress of the Push"),
    supportedTypes: ["float"],
    fieldDependencies: [
        { name: "progress_phase", type: "selection", selection: [] },
        { name: "progress_done", type: "integer" },
        { name: "progress_total", type: "integer" },
        { name: "progress_read", type: "integer" },
        { name: "progress_rate", type: "float" },
        { name: "progress_seconds", type: "integer" },
        { name: "state", type: "selection", selection: [] },
    ],
});
