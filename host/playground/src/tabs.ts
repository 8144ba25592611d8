// The tabs of the input.
import { count, find } from "./dom";
import type { Tab } from "./policy.js";

export const TABS: Tab[] = ["manifests", "settings", "cluster"];

export function tabName(tab: Tab): string {
  return find(`tab-${tab}`).textContent ?? tab;
}

/** Shows on a tab how many problems keep it from being used. */
export function markTab(tab: Tab, problems: number): void {
  const button = find(`tab-${tab}`);
  button.classList.toggle("broken", problems > 0);
  if (problems > 0) button.setAttribute("aria-label", `${button.textContent}, ${count(problems, "problem")}`);
  else button.removeAttribute("aria-label");
}

export function selectTab(tab: Tab, focus = false): void {
  for (const name of TABS) {
    const isChosen = name === tab;
    const button = find(`tab-${name}`);
    button.setAttribute("aria-selected", String(isChosen));
    button.tabIndex = isChosen ? 0 : -1;
    find(`panel-${name}`).hidden = !isChosen;
    if (isChosen && focus) button.focus();
  }
}

export function selectedTab(): Tab {
  return TABS.find((tab) => !find(`panel-${tab}`).hidden) ?? "manifests";
}

export function startTabs(select: (tab: Tab, focus?: boolean) => void): void {
  for (const [index, tab] of TABS.entries()) {
    const button = find(`tab-${tab}`);
    button.addEventListener("click", () => select(tab));
    button.addEventListener("keydown", (event) => {
      const steps: Record<string, number> = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: -1 };
      const next = TABS.at((steps[event.key] ?? NaN) % TABS.length);
      if (!(event.key in steps) || !next) return;
      event.preventDefault();
      select(next, true);
    });
  }
}
