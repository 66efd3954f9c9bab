import { Component, onMounted, onWillUnmount, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const ADMINISTRATOR = "actionstep_quickbooks.group_administrator";
const LOAD = "lists";

/**
 * The steps from a new connection to an active one, and which of them is next.
 *
 * One of them goes by itself: when both sides are connected, their lists load while the
 * page shows it, and the page of the maps follows.
 */
export class SetupStepsField extends Component {
    static template = "actionstep_quickbooks.SetupStepsField";
    static props = standardFieldProps;

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ isLoading: false, isRefused: false });
        onMounted(async () => {
            this.mayLoad = await user.hasGroup(ADMINISTRATOR);
            if (this.current === LOAD && this.mayLoad && !this.isGone) {
                await this.load();
            }
        });
        onWillUnmount(() => {
            this.isGone = true;
        });
    }

    get current() {
        return this.props.record.data[this.props.name];
    }

    get steps() {
        const all = this.props.record.fields[this.props.name].selection;
        const names = all.filter(([value]) => value !== "done");
        const now = names.findIndex(([value]) => value === this.current);
        return names.map(([value, label], index) => ({
            value,
            label,
            number: index + 1,
            isDone: now < 0 || index < now,
            isNow: index === now,
        }));
    }

    /** What a screen reader hears of a step besides its name. */
    describe(step) {
        return step.isDone ? _t("done") : step.isNow ? _t("next") : _t("to come");
    }

    async load() {
        const { record } = this.props;
        Object.assign(this.state, { isLoading: true, isRefused: false });
        try {
            const next = await this.orm.call(record.resModel, "action_load_lists", [
                [record.resId],
            ]);
            if (!this.isGone) {
                await this.follow(next);
            }
        } catch (error) {
            this.state.isRefused = true;
            throw error;
        } finally {
            this.state.isLoading = false;
        }
    }

    /** Go to the page that follows, unless this is it; or show why there is none. */
    async follow(next) {
        const isPage = next.type === "ir.actions.act_window";
        this.state.isRefused = !isPage;
        if (isPage && this.action.currentController.action.id !== next.id) {
            await this.action.doAction(next, { stackPosition: "replaceCurrentAction" });
            return;
        }
        if (!isPage) {
            await this.action.doAction(next);
        }
        await this.props.record.load();
    }
}

registry.category("fields").add("actionstep_setup_steps", {
    component: SetupStepsField,
    displayName: _t("Steps of the Set-up"),
    supportedTypes: ["selection"],
});
