package erp

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var purchaseOrdersDefinition = tools.Definition{
	Name: "get_purchase_orders",
	Description: "Purchase orders by vendor, item, warehouse, status and date: how many, worth how much, which ones are late, and the newest of them. " +
		"Use it for questions about orders and deliveries.",
	Effect: tools.Read, Outsiders: true,
}

// PurchaseOrdersArguments are the arguments of get_purchase_orders.
type PurchaseOrdersArguments struct {
	spellings
	VendorID    vendorID         `json:"vendor_id,omitempty" jsonschema_description:"Only orders to this vendor."`
	ItemID      itemID           `json:"item_id,omitempty" jsonschema_description:"Only orders of this item."`
	WarehouseID warehouseID      `json:"warehouse_id,omitempty" jsonschema_description:"Only orders for this warehouse."`
	Status      string           `json:"status,omitempty" jsonschema:"enum=open,enum=late,enum=draft,enum=approved,enum=sent,enum=received,enum=closed,enum=cancelled" jsonschema_extras:"x-words=open:open|pending|outstanding|not received|not arrived|still to come|coming|on the way|in transit|expected|waiting|未到|在途|未收|待收|未完成;late:late|delayed|delay|overdue|behind|should be here|should have arrived|延迟|迟|逾期|晚|延误|超期;draft:draft|草稿;approved:approved|批准|审批通过;sent:sent|placed with|已发送|已下单;received:received|arrived|delivered|收到|到货|已收;closed:closed|关闭|结案|已完成;cancelled:cancelled|canceled|called off|取消" jsonschema_description:"open: approved or sent, not received yet. late: open and past the expected date."`
	Period      dates.PeriodName `json:"period,omitempty" jsonschema:"example=2025-Q4" jsonschema_description:"Only orders placed in this quarter, month or year."`
	OrderedFrom dates.Date       `json:"ordered_from,omitempty" jsonschema:"example=2025-10-01" jsonschema_description:"Only orders placed on or after this day."`
	OrderedTo   dates.Date       `json:"ordered_to,omitempty" jsonschema:"example=2025-10-31" jsonschema_description:"Only orders placed on or before this day."`
	Limit       int              `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_extras:"x-number=named" jsonschema_description:"How many orders to list. Without it: all of up to 10, else the newest 5."`
	tools.Paged
}

// PurchaseOrders are the orders found. Amounts are cents.
type PurchaseOrders struct {
	tools.Part
	Note         string          `json:"note,omitempty"`
	Currency     string          `json:"currency"`
	Asked        string          `json:"asked"` // the filter in words
	Count        int             `json:"count"`
	WorthCents   int64           `json:"worth_cents"`        // without drafts and cancelled orders; of the item, when one was asked for
	Quantity     int64           `json:"quantity,omitempty"` // of the item that was asked for, likewise
	Unit         string          `json:"unit,omitempty"`
	ByStatus     []StatusCount   `json:"by_status,omitempty"`
	Received     int             `json:"received"`
	ReceivedLate int             `json:"received_late"`
	LatePercent  *Percent        `json:"late_percent,omitempty"` // of those received
	AverageDelay int             `json:"average_delay_days"`     // of those received late
	OpenLate     int             `json:"open_late"`
	Orders       []PurchaseOrder `json:"orders,omitempty"`     // newest first, at most the limit
	Exist        string          `json:"exist,omitempty"`      // what exists when nothing was found
	AnyStatus    *PurchaseOrders `json:"any_status,omitempty"` // what there is without the status, when there is nothing with it
	status       string
	oneVendor    bool
}

// StatusCount is the number of orders in a status.
type StatusCount struct {
	Status string `json:"status"`
	Count  int    `json:"count"`
}

// PurchaseOrder is one order found.
type PurchaseOrder struct {
	ID         string `json:"id"`
	VendorID   string `json:"vendor_id"`
	Vendor     string `json:"vendor"`
	Status     string `json:"status"`
	OrderedOn  string `json:"ordered_on"`
	ExpectedOn string `json:"expected_on"`
	ReceivedOn string `json:"received_on,omitempty"`
	WorthCents int64  `json:"worth_cents"`        // of the item, when one was asked for
	Quantity   int64  `json:"quantity,omitempty"` // likewise
	DaysLate   int    `json:"days_late"`          // until received, or until today
}

const (
	// wholeList is how many are listed where no limit is given: people who ask "which" want all of them. Of more, a few are enough.
	wholeList     = 10
	defaultListed = 5
)

// orderStatuses is the order of an order's life, for stable sentences.
var orderStatuses = []string{"draft", "approved", "sent", "received", "closed", "cancelled"}

func (s store) purchaseOrders(ctx context.Context, in PurchaseOrdersArguments) (*PurchaseOrders, error) {
	out := &PurchaseOrders{status: in.Status, oneVendor: in.VendorID != ""}
	span, err := dates.ParseSpan("ordered_from", in.OrderedFrom, "ordered_to", in.OrderedTo)
	if err != nil {
		return nil, err
	}
	err = s.read(ctx, func(b *books) error {
		out.Currency = b.currency
		if err := out.name(b, in); err != nil || out.Note != "" {
			return err
		}
		if in.Period != "" {
			p, err := in.Period.Period("period")
			if err != nil {
				return err
			}
			if out.Note = b.gap(p); out.Note != "" {
				return nil
			}
			out.Asked += " placed in " + p.Name + span.Words()
			span = span.Within(p)
		} else if words := span.Words(); words != "" {
			out.Asked += " placed" + words
		}
		if err := out.find(b, in, span); err != nil || out.Count > 0 {
			return err
		}
		if in.Status != "" {
			in.Status, in.Page = "", 0
			others := &PurchaseOrders{Currency: out.Currency, Asked: out.Asked, Unit: out.Unit}
			if err := others.find(b, in, span); err != nil {
				return err
			}
			if others.Count > 0 {
				others.Orders = nil
				out.AnyStatus = others
				return nil
			}
		}
		out.Exist, err = b.whatExists(thing{"purchase_orders", "ordered_on", "order", "to", "placed"}, in.VendorID)
		return err
	})
	return out, err
}

// name writes what was asked for, or notes what of it does not exist.
func (o *PurchaseOrders) name(b *books, in PurchaseOrdersArguments) error {
	for _, filter := range []struct {
		id, word string
		look     func() (name, missing string, err error)
	}{
		{string(in.ItemID), " of ", func() (string, string, error) { return b.itemName(in.ItemID) }},
		{string(in.VendorID), " to ", func() (string, string, error) { return b.vendorName(in.VendorID) }},
		{string(in.WarehouseID), " for ", func() (string, string, error) { return b.warehouseName(in.WarehouseID) }},
	} {
		if filter.id == "" {
			continue
		}
		name, missing, err := filter.look()
		if err != nil || missing != "" {
			o.Note = missing
			return err
		}
		o.Asked += filter.word + wording.Named(filter.id, name)
	}
	if in.ItemID == "" {
		return nil
	}
	return b.One("SELECT unit FROM items WHERE id = ?", []any{string(in.ItemID)}, &o.Unit)
}

func (o *PurchaseOrders) find(b *books, in PurchaseOrdersArguments, span dates.Span) error {
	const query = `
		SELECT o.id, o.vendor_id, v.name, o.status, o.ordered_on, o.expected_on, coalesce(o.received_on, ''),
			(SELECT sum(quantity * unit_price_cents) FROM purchase_order_lines WHERE order_id = o.id AND ?6 IN ('', item_id)),
			(SELECT coalesce(sum(quantity), 0) FROM purchase_order_lines WHERE order_id = o.id AND item_id = ?6)
		FROM purchase_orders o JOIN vendors v ON v.id = o.vendor_id
		WHERE (?2 = '' OR o.vendor_id = ?2) AND o.ordered_on BETWEEN ?3 AND ?4
			AND (?5 IN ('', o.status)
				OR ?5 = 'open' AND o.status IN ('approved', 'sent')
				OR ?5 = 'late' AND o.status IN ('approved', 'sent') AND o.expected_on < ?1)
			AND (?6 = '' OR EXISTS (SELECT 1 FROM purchase_order_lines WHERE order_id = o.id AND item_id = ?6))
			AND ?7 IN ('', o.warehouse_id)
		ORDER BY o.ordered_on DESC, o.id DESC`
	from, to := span.Bounds()
	today := b.today.Format(time.DateOnly)
	delays, counts := 0, map[string]int{}
	err := b.Each(query, []any{today, string(in.VendorID), from, to, in.Status, string(in.ItemID), string(in.WarehouseID)}, func(scan func(...any) error) error {
		var order PurchaseOrder
		if err := scan(&order.ID, &order.VendorID, &order.Vendor, &order.Status, &order.OrderedOn, &order.ExpectedOn,
			&order.ReceivedOn, &order.WorthCents, &order.Quantity); err != nil {
			return err
		}
		if err := order.late(b.today); err != nil {
			return err
		}
		delays += o.count(order)
		counts[order.Status]++
		if len(o.Orders) < in.Enough(max(in.Limit, wholeList)) {
			o.Orders = append(o.Orders, order)
		}
		return nil
	})
	if err != nil {
		return err
	}
	o.Orders, o.Part, err = tools.Cut(o.Orders, o.Count, in.Size(in.Limit, wholeList, defaultListed, o.Count), in.Paged)
	if o.ReceivedLate > 0 {
		o.AverageDelay = (2*delays + o.ReceivedLate) / (2 * o.ReceivedLate)
	}
	if o.Received > 0 {
		late := percentOf(int64(o.ReceivedLate), int64(o.Received))
		o.LatePercent = &late
	}
	for _, status := range orderStatuses {
		if counts[status] > 0 {
			o.ByStatus = append(o.ByStatus, StatusCount{status, counts[status]})
		}
	}
	return err
}

// late works out how many days an order that was placed came late, or is late today.
func (o *PurchaseOrder) late(today time.Time) error {
	if o.Status == "draft" || o.Status == "cancelled" {
		return nil
	}
	expected, err := time.Parse(time.DateOnly, o.ExpectedOn)
	if err != nil {
		return fmt.Errorf("expected day of %s: %w", o.ID, err)
	}
	arrived := today
	if o.ReceivedOn != "" {
		if arrived, err = time.Parse(time.DateOnly, o.ReceivedOn); err != nil {
			return fmt.Errorf("day of receipt of %s: %w", o.ID, err)
		}
	}
	o.DaysLate = max(0, int(arrived.Sub(expected).Hours()/24))
	return nil
}

// count adds an order to the figures and returns its delay if it has arrived.
func (o *PurchaseOrders) count(order PurchaseOrder) int {
	o.Count++
	if order.Status != "draft" && order.Status != "cancelled" {
		o.WorthCents += order.WorthCents
		o.Quantity += order.Quantity
	}
	switch {
	case order.ReceivedOn == "":
		if order.DaysLate > 0 {
			o.OpenLate++
		}
		return 0
	case order.DaysLate > 0:
		o.ReceivedLate++
	}
	o.Received++
	return order.DaysLate
}

// Sentences implements tools.Outcome.
func (o *PurchaseOrders) Sentences() []string {
	kind := "purchase order"
	if o.status != "" {
		kind = o.status + " purchase order"
	}
	switch {
	case o.Note != "":
		return []string{o.Note}
	case o.Count == 0:
		none := fmt.Sprintf("There are no %ss%s.", kind, o.Asked)
		if o.AnyStatus != nil {
			return wording.NoneEmpty(none, "Whatever their status, t"+strings.TrimPrefix(o.AnyStatus.conclusion("purchase order"), "T"), o.AnyStatus.byStatus())
		}
		return []string{none, o.Exist}
	}
	return wording.NoneEmpty(o.conclusion(kind), o.byStatus(), o.deliveries(), o.overdue(), o.listed())
}

func (o *PurchaseOrders) conclusion(kind string) string {
	start := fmt.Sprintf("There %s %s%s", wording.IsAre(o.Count), wording.Counted(o.Count, kind), o.Asked)
	if o.status != "" && len(o.Orders) == o.Count && o.Count > 1 {
		// Who asks for a status asks which they are; small models repeat the first sentence and stop.
		ids := make([]string, len(o.Orders))
		for i, order := range o.Orders {
			ids[i] = order.ID
		}
		start += ": " + wording.List(ids)
	}
	if o.WorthCents == 0 {
		return start + "."
	}
	if o.Unit != "" {
		start += fmt.Sprintf(", together %s %s of it", wording.Grouped(o.Quantity), o.Unit)
	}
	uncounted := 0
	for _, s := range o.ByStatus {
		if s.Status == "draft" || s.Status == "cancelled" {
			uncounted += s.Count
		}
	}
	if uncounted > 0 {
		return fmt.Sprintf("%s, worth %s without the %d drafts or cancelled ones.", start, wording.Money(o.Currency, o.WorthCents), uncounted)
	}
	return fmt.Sprintf("%s, worth %s.", start, wording.Money(o.Currency, o.WorthCents))
}

func (o *PurchaseOrders) byStatus() string {
	if len(o.ByStatus) < 2 {
		return ""
	}
	words := make([]string, len(o.ByStatus))
	for i, s := range o.ByStatus {
		words[i] = fmt.Sprintf("%d %s", s.Count, s.Status)
	}
	return "By status: " + wording.List(words) + "."
}

func (o *PurchaseOrders) deliveries() string {
	switch {
	case o.ReceivedLate > 0:
		return fmt.Sprintf("%d of the %d received orders (%s) came late, on average by %s.",
			o.ReceivedLate, o.Received, o.LatePercent, wording.Counted(o.AverageDelay, "day"))
	case o.Received > 0:
		return "All received orders came on time."
	}
	return ""
}

func (o *PurchaseOrders) overdue() string {
	if o.OpenLate == 0 || o.status == "late" {
		return ""
	}
	return fmt.Sprintf("Late: %s %s past the expected date and still not received.", wording.Counted(o.OpenLate, "order"), wording.IsAre(o.OpenLate))
}

func (o *PurchaseOrders) listed() string {
	words := make([]string, len(o.Orders))
	for i, order := range o.Orders {
		words[i] = o.describe(order)
	}
	start := "The newest: "
	if len(o.Orders) == o.Count || o.Later() {
		start = "Newest first: "
	}
	rest := "."
	if more := o.Rest(); more > 0 {
		last := len(o.Orders) - 1
		rest = fmt.Sprintf("; and %d more, ask with %s.", more,
			o.With(wording.Further("a vendor_id", "a period", len(o.Orders), "ordered_to", o.Orders[0].OrderedOn, o.Orders[last].OrderedOn)))
	}
	return o.Title(start) + strings.Join(words, "; ") + rest
}

func (o *PurchaseOrders) describe(order PurchaseOrder) string {
	vendor := ""
	if !o.oneVendor {
		vendor = " to " + wording.Named(order.VendorID, order.Vendor)
	}
	text := fmt.Sprintf("%s%s of %s, ", order.ID, vendor, order.OrderedOn)
	if o.Unit != "" {
		text += fmt.Sprintf("%s %s of it for ", wording.Grouped(order.Quantity), o.Unit)
	}
	text += wording.Money(o.Currency, order.WorthCents)
	late := ""
	if order.DaysLate > 0 {
		late = ", " + wording.Counted(order.DaysLate, "day") + " late"
	}
	switch order.Status {
	case "received", "closed":
		return text + ", received on " + order.ReceivedOn + late
	case "approved", "sent":
		return text + ", " + order.Status + ", expected on " + order.ExpectedOn + late
	}
	return text + ", " + order.Status
}
