package web

import (
	"fmt"
	"strings"
	"time"
)

// The size of the drawing, in the units of its own coordinates.
const (
	chartWidth  = 640
	chartHeight = 180
)

// A chart is the curve of the log's growth as the points of an SVG polyline.
// The curve has steps, because nothing is known between two checkpoints.
type chart struct {
	Line, Area string
	// First and Last are the times of the curve's ends. Size is the size at the
	// last.
	First, Last string
	Size        uint64
}

// Chart returns the curve of the points.
func (p *page) Chart() chart {
	first, last := p.Growth[0], p.Growth[len(p.Growth)-1]
	span := max(last.Time.Sub(first.Time), time.Second)
	var line strings.Builder
	y := 0.0
	for i, point := range p.Growth {
		x := float64(point.Time.Sub(first.Time)) / float64(span) * chartWidth
		if i > 0 {
			fmt.Fprintf(&line, "%.1f,%.1f ", x, y)
		}
		y = chartHeight * (1 - float64(point.Size)/float64(last.Size))
		fmt.Fprintf(&line, "%.1f,%.1f ", x, y)
	}
	return chart{
		Line: line.String(), Area: fmt.Sprintf("0,%d %s %d,%d", chartHeight, line.String(), chartWidth, chartHeight),
		First: clock(first.Time), Last: clock(last.Time), Size: last.Size,
	}
}

// Samples returns some points of the curve as text, for visitors who cannot see
// it.
func (p *page) Samples() (rows [][2]string) {
	step := max(1, len(p.Growth)/8)
	for i := 0; i < len(p.Growth); i += step {
		rows = append(rows, [2]string{clock(p.Growth[i].Time), fmt.Sprint(p.Growth[i].Size)})
	}
	return rows
}
