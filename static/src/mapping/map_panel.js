import { Component, status, toRaw, useEffect, useRef, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { normalize } from "@web/core/l10n/utils/normalize";
import { x2ManyCommands } from "@web/core/orm_service";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { pick } from "@web/core/utils/objects";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

// Each map by its kind: its field, the two ends of a line, and the lists of both sides.
const MAPS = {
    item: {
        field: "item_mapping_ids",
        source: "account_id",
        target: "item_id",
        sourceList: "actionstep.account",
        targetList: "quickbooks.item",
        title: _t("QuickBooks Product/Service Reference"),
    },
    account: {
        field: "account_mapping_ids",
        source: "account_id",
        target: "gl_account_id",
        sourceList: "actionstep.account",
        targetList: "quickbooks.account",
        title: _t("QuickBooks GL Account Reference"),
    },
    tax: {
        field: "tax_mapping_ids",
        source: "tax_code_id",
        target: "quickbooks_tax_code_id",
        sourceList: "actionstep.tax.code",
        targetList: "quickbooks.tax.code",
        title: _t("QuickBooks Tax Code Reference"),
    },
};

/**
 * What stands beside a map: the entries of Actionstep without a line, each with what
 * waits for it and what is proposed, and those of QuickBooks, the used ones crossed
 * through. It follows the lines as they are edited; what is accepted becomes a line
 * that is saved with the page.
 */
export class MapPanel extends Component {
    static template = "actionstep_quickbooks.MapPanel";
    static props = { ...standardWidgetProps, kind: String };

    setup() {
        this.orm = useService("orm");
        this.root = useRef("root");
        this.map = MAPS[this.props.kind];
        this.panel = useState({ sources: [], targets: [], pairs: {}, problems: {}, isLoaded: false });
        this.search = useState({ sources: "", targets: "" });
        // The lines are there before; and anew when the lists have loaded, and after a
        // save, which reads the record anew: lines have ids of their own, less is left
        // to propose, and what changed on another page of the lines is known by no id.
        useEffect(
            () => {
                this.load();
            },
            () => [
                this.props.record.resId,
                String(this.props.record.data.lists_loaded_at),
                toRaw(this.list),
            ]
        );
    }

    async load() {
        const { resModel, resId } = this.props.record;
        if (resId) {
            const args = [[resId], this.props.kind];
            const panel = await this.orm.call(resModel, "get_map_panel", args);
            if (status(this) !== "destroyed") {
                Object.assign(this.panel, panel, { isLoaded: true });
            }
        }
    }

    get list() {
        return this.props.record.data[this.map.field];
    }

    /** The two ends of each line as it stands on the page, saved or not. */
    get pairs() {
        const { source, target } = this.map;
        const shown = new Map(this.list.records.map((line) => [line.resId, line.data]));
        const saved = this.list.currentIds
            .filter((id) => !shown.has(id) && this.panel.pairs[id])
            .map((id) => this.panel.pairs[id]);
        const edited = this.list.records.map(({ data }) => [data[source].id, data[target].id]);
        return [...saved, ...edited];
    }

    /** What is the matter with lines: as they stand on the page, or as saved elsewhere. */
    get problems() {
        const shown = new Set(this.list.records.map((line) => line.resId));
        const saved = this.list.currentIds
            .filter((id) => !shown.has(id))
            .map((id) => this.panel.problems[id]);
        const edited = this.list.records.map((line) => line.data.problem);
        return [...edited, ...saved].filter(Boolean);
    }

    get view() {
        const pairs = this.pairs;
        const sources = new Set(pairs.map(([source]) => source));
        const targets = new Set(pairs.map(([, target]) => target));
        const unmapped = this.panel.sources.filter((row) => !sources.has(row.id));
        unmapped.sort((a, b) => b.waiting - a.waiting);
        return {
            unmapped,
            shownSources: this.matching(unmapped, this.search.sources),
            proposed: unmapped.filter((row) => row.proposal),
            targets: this.matching(this.panel.targets, this.search.targets).map((row) => ({
                ...row,
                isUsed: targets.has(row.id),
            })),
            usedCount: this.panel.targets.filter((row) => targets.has(row.id)).length,
            problems: this.problems,
        };
    }

    matching(rows, text) {
        const wanted = normalize(text.trim());
        return wanted
            ? rows.filter((row) => normalize(`${row.name} ${row.about}`).includes(wanted))
            : rows;
    }

    waitingText(row) {
        return row.waiting === 1
            ? _t("1 document waits")
            : _t("%s documents wait", row.waiting);
    }

    acceptLabel(row) {
        return _t("Accept %(target)s for %(source)s: %(reason)s", {
            source: row.name,
            target: row.proposal.name,
            reason: row.proposal.reason,
        });
    }

    addLabel(row) {
        return _t("Add a line for %s", row.name);
    }

    async accept(rows) {
        if (await this.leaveLine()) {
            const { source, target } = this.map;
            const lines = rows.map((row) =>
                x2ManyCommands.create(undefined, {
                    [source]: { id: row.id, display_name: row.name },
                    [target]: { id: row.proposal.id, display_name: row.proposal.name },
                    status: "mapped",
                    problem: false,
                    is_broken: false,
                })
            );
            await this.list.applyCommands(lines);
            this.root.el?.querySelector("button.o_actionstep_accept, input")?.focus();
        }
    }

    async addLine(row) {
        if (await this.leaveLine()) {
            await this.list.addNewRecord({
                context: {
                    default_connection_id: this.props.record.resId,
                    [`default_${this.map.source}`]: row.id,
                },
                mode: "edit",
                position: "bottom",
            });
        }
    }

    /** Close the line that is being edited; one that is empty is dropped. */
    async leaveLine() {
        await this.list.leaveEditMode({ canAbandon: true });
        return !this.list.editedRecord;
    }

    refresh(name) {
        const { record } = this.props;
        const names = ["context", "evalContext", "resModel", "resId", "resIds"];
        return this.env.onClickViewButton({
            clickParams: {
                type: "object",
                name: "action_refresh_lists",
                context: { refresh_lists: [name] },
            },
            getResParams: () => pick(record, ...names),
        });
    }
}

registry.category("view_widgets").add("actionstep_map_panel", {
    component: MapPanel,
    extractProps: ({ options }) => ({ kind: options.kind }),
});
