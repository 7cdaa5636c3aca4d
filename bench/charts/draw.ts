/** Draws a chart from a Vega-Lite description, as SVG, without a browser. */
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/**
 * The look of every chart. It fits GitHub's column, and has a white background so that it is readable on a dark page
 * too.
 */
const LOOK = { background: 'white', width: 640, height: 300, padding: 12 } as const;
const FONT = 'Helvetica, Arial, sans-serif';

export async function drawn(description: object): Promise<string> {
  const config = {
    font: FONT,
    axis: { labelFontSize: 12, titleFontSize: 12 },
    legend: { labelFontSize: 12, labelLimit: 300, orient: 'bottom' },
  };
  const { spec } = compile({ ...LOOK, config, ...description } as TopLevelSpec);
  const svg = await new View(parse(spec), { renderer: 'none' }).toSVG();
  return `${svg}\n`;
}
