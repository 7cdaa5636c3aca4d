/** Which metrics and series a PromQL expression asks for. Knows the names that we use, and no more of the language. */

/** A metric's name with what it selects, `up{job="api"}`. */
const SELECTOR = /\b(?:(?:parley|process|rabbitmq|node)_\w+|up\b|ALERTS\b)(?:\{[^}]*\})?/g;

/** Not told by any program of ours, or of our servers. */
const FOREIGN = /^(?:node_|ALERTS)/;
/** Prometheus' own. */
const BUILT_IN = 'up';

export function selectorsOf(expression: string): readonly string[] {
  return expression.match(SELECTOR) ?? [];
}

export function metricsOf(expression: string): readonly string[] {
  return selectorsOf(expression).map((selector) => selector.replace(/\{.*/s, ''));
}

/** Whether somebody must export it. */
export function isExported(metric: string): boolean {
  return !FOREIGN.test(metric) && metric !== BUILT_IN;
}

export function isForeign(expression: string): boolean {
  return metricsOf(expression).every((metric) => FOREIGN.test(metric));
}

/** A histogram is named without the endings of its series. */
export function familyOf(metric: string): string {
  return metric.replace(/_(?:bucket|sum|count)$/, '');
}
