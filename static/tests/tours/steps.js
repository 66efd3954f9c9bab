/** What the steps of all tours are made of. */

/** Say what a step looks for; the browser's log then reads like a story. */
export function see(content, trigger, more = {}) {
    return { content, trigger, ...more };
}

export function click(content, trigger, more = {}) {
    return { content, trigger, run: "click", ...more };
}

export function field(name) {
    return `.o_field_widget[name=${name}]`;
}

export function state(value) {
    return `.o_statusbar_status .o_arrow_button_current[data-value=${value}]`;
}

export function openTab(name, text) {
    return [
        click(`Open the tab ${text}`, `.o_notebook .nav-link[name=${name}]:contains("${text}")`),
        see(`The tab ${text} is open`, `.o_notebook .nav-link.active[name=${name}]`),
    ];
}
