import { onWillRender } from "@odoo/owl";
import { cookie } from "@web/core/browser/cookie";
import { getColor } from "@web/core/colors/colors";
import { registry } from "@web/core/registry";
import {
    JournalDashboardGraphField,
    journalDashboardGraphField,
} from "@web/views/fields/journal_dashboard_graph/journal_dashboard_graph_field";

/**
 * Odoo's small chart of a dashboard, which here follows its record while it is looked
 * at, and says to those who cannot see it what it shows.
 */
export class ChartField extends JournalDashboardGraphField {
    static template = "actionstep_quickbooks.ChartField";

    setup() {
        super.setup();
        onWillRender(() => {
            const text = this.props.record.data[this.props.name];
            this.data = text ? JSON.parse(text) : [{ key: "", values: [] }];
        });
    }

    /** Override of the bars: thirty days are too many for a label and a line each. */
    getBarChartConfig() {
        const config = super.getBarChartConfig();
        const { x } = config.options.scales;
        x.grid.display = false;
        x.ticks = { ...x.ticks, maxRotation: 0, maxTicksLimit: 6 };
        config.data.datasets[0].backgroundColor = getColor(0, cookie.get("color_scheme"), "odoo");
        config.options.animation = false;
        return config;
    }

    /** The days on which something happened, in words. */
    get sentence() {
        const [{ key, values }] = this.data;
        const days = values.filter((day) => day.value);
        return `${key}: ${days.map((day) => `${day.label} ${day.value}`).join(", ")}`;
    }
}

registry.category("fields").add("actionstep_chart", {
    ...journalDashboardGraphField,
    component: ChartField,
});
