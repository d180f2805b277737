"""A plot of ratios as SVG, one bar a query on a logarithmic scale, written by hand so that nothing has to be installed for it."""

import html
import math

BAR, GAP, LABEL, WIDTH, TOP = 16, 6, 190, 720, 46
AHEAD, BEHIND, INK, PAPER, LINE = "#2a7f62", "#b8442f", "#222222", "#ffffff", "#c8c8c8"


def ratios(title, results):
    """The drawing. Bars to the left of the line at 1 are queries at which Strata is ahead."""
    results = sorted(results, key=lambda result: result.ratio)
    lowest = math.floor(math.log10(min(0.1, *(result.ratio for result in results))))
    highest = math.ceil(math.log10(max(2, *(result.ratio for result in results))))

    def x(ratio):
        return LABEL + (WIDTH - LABEL - 60) * (math.log10(ratio) - lowest) / (highest - lowest)

    bottom = TOP + len(results) * (BAR + GAP)
    view = f'viewBox="0 0 {WIDTH} {bottom + 30}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {view} font-family="sans-serif" font-size="12" fill="{INK}">',
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
        f'<text x="12" y="20" font-size="14">{html.escape(title)}</text>',
    ]
    for power in range(lowest, highest + 1):
        for ratio in (10.0**power, 2 * 10.0**power, 5 * 10.0**power):
            if ratio <= 10.0**highest:
                parts.append(f'<line x1="{x(ratio):.1f}" y1="{TOP - 8}" x2="{x(ratio):.1f}" y2="{bottom}" stroke="{LINE}"/>')
                parts.append(f'<text x="{x(ratio):.1f}" y="{bottom + 16}" text-anchor="middle" font-size="10">{ratio:g}</text>')
    for at, result in enumerate(results):
        y = TOP + at * (BAR + GAP)
        left, right = sorted((x(result.ratio), x(1)))
        colour, figure = (AHEAD, x(1) + 6) if result.ratio < 1 else (BEHIND, right + 4)
        parts.append(f'<text x="{LABEL - 8}" y="{y + 12}" text-anchor="end">{html.escape(result.name)}</text>')
        parts.append(f'<rect x="{left:.1f}" y="{y}" width="{max(right - left, 1):.1f}" height="{BAR}" fill="{colour}"/>')
        parts.append(f'<text x="{figure:.1f}" y="{y + 12}" font-size="11">{result.ratio:.3g}</text>')
    parts.append(f'<line x1="{x(1):.1f}" y1="{TOP - 12}" x2="{x(1):.1f}" y2="{bottom}" stroke="{INK}" stroke-width="1.5"/>')
    return "\n".join([*parts, "</svg>", ""])
