import { Component, onWillUnmount, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { useRecordObserver } from "@web/model/relational_model/utils";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

// How long until it is asked again, in milliseconds.
const WHILE_MOVING = 2000;
const WHILE_IDLE = 10000;
const FIELDS = ["progress", "progress_done", "progress_total"];

/**
 * How far the push of a connection is; it moves while somebody looks at it.
 *
 * It reads nothing but its own fields, so that what a person types meanwhile stays;
 * when all is done, the record is loaded anew unless somebody is at it.
 */
export class ProgressField extends Component {
    static template = "actionstep_quickbooks.ProgressField";
    static props = standardFieldProps;

    setup() {
        this.orm = useService("orm");
        this.values = useState({});
        useRecordObserver((record) => {
            Object.assign(this.values, this.pick(record.data));
            this.schedule();
        });
        onWillUnmount(() => {
            this.isGone = true;
            clearTimeout(this.timer);
        });
    }

    /** Whether something is left to be pushed. */
    get isMoving() {
        return this.values.progress < 100;
    }

    get isPaused() {
        return this.props.record.data.state === "paused";
    }

    get sentence() {
        const counts = [this.values.progress_done, this.values.progress_total];
        return this.isPaused
            ? _t("Paused: %s of %s pushed", ...counts)
            : _t("%s of %s pushed", ...counts);
    }

    pick(values) {
        return Object.fromEntries(FIELDS.map((name) => [name, values[name]]));
    }

    schedule() {
        clearTimeout(this.timer);
        if (this.props.record.data.state === "active" && !this.isGone) {
            const delay = this.isMoving ? WHILE_MOVING : WHILE_IDLE;
            this.timer = setTimeout(() => this.refresh(), delay);
        }
    }

    async refresh() {
        const { record } = this.props;
        if (record.resId && !document.hidden) {
            const wasMoving = this.isMoving;
            const [values] = await this.read(record);
            Object.assign(this.values, values && this.pick(values));
            if (wasMoving && !this.isMoving && !this.isGone && !(await record.isDirty())) {
                await record.load();
            }
        }
        this.schedule();
    }

    /** A server that does not answer is asked again later, without a word. */
    async read(record) {
        try {
            return await this.orm.silent.read(record.resModel, [record.resId], FIELDS);
        } catch {
            return [];
        }
    }
}

registry.category("fields").add("actionstep_progress", {
    component: ProgressField,
    displayName: _t("Progress of the Push"),
    supportedTypes: ["float"],
    fieldDependencies: [
        { name: "progress_done", type: "integer" },
        { name: "progress_total", type: "integer" },
        { name: "state", type: "selection", selection: [] },
    ],
});
