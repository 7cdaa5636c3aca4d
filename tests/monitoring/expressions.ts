/** Finds the metrics and series in a PromQL expression. It knows the names that we use, not the whole language. */

/** Matches a metric's name with its labels, such as `up{job="api"}`. */
const SELECTOR = /\b(?:(?:parley|process|rabbitmq|node)_\w+|up\b|ALERTS\b)(?:\{[^}]*\})?/g;

/** Metrics that neither our programs nor our servers export: the machine's, and Prometheus' ALERTS. */
const FOREIGN = /^(?:node_|ALERTS)/;
/** The metric that Prometheus itself makes: whether a target could be scraped. */
const BUILT_IN = 'up';

export function selectorsOf(expression: string): readonly string[] {
  return expression.match(SELECTOR) ?? [];
}

export function metricsOf(expression: string): readonly string[] {
  return selectorsOf(expression).map((selector) => selector.replace(/\{.*/s, ''));
}

/** Whether one of our programs or servers must export the metric. */
export function isExported(metric: string): boolean {
  return !FOREIGN.test(metric) && metric !== BUILT_IN;
}

export function isForeign(expression: string): boolean {
  return metricsOf(expression).every((metric) => FOREIGN.test(metric));
}

/** The metric's name without a histogram's ending `_bucket`, `_sum` or `_count`. */
export function familyOf(metric: string): string {
  return metric.replace(/_(?:bucket|sum|count)$/, '');
}
