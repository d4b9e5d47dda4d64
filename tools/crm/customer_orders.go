package crm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"bestbox/tools"
	"bestbox/tools/dates"
	"bestbox/tools/wording"
)

var customerOrdersDefinition = tools.Definition{
	Name: "get_customer_orders",
	Description: "Orders that customers placed with us: open, late or delivered, and which customers a vendor's late deliveries hit (vendor_id). " +
		"Use it for questions about customers' orders and deliveries to customers.",
	Effect: tools.Read, Outsiders: true,
}

// CustomerOrdersArguments are the arguments of get_customer_orders.
type CustomerOrdersArguments struct {
	spellings
	CustomerID  customerID       `json:"customer_id,omitempty" jsonschema_description:"Only orders of this customer."`
	VendorID    vendorID         `json:"vendor_id,omitempty" jsonschema_description:"Only orders that late deliveries of this vendor held up."`
	Status      string           `json:"status,omitempty" jsonschema:"enum=open,enum=late,enum=delivered" jsonschema_extras:"x-words=open:open|pending|outstanding|still held up|still waiting|not delivered|undelivered|still to deliver|waiting|未交付|未发货|未完成|待发;late:late|delayed|overdue|behind|should have by now|延迟|迟|逾期|晚|延误;delivered:delivered|shipped|received|交付|发货|已交" jsonschema_description:"open: not delivered yet. late: open and past the promised day."`
	Period      dates.PeriodName `json:"period,omitempty" jsonschema_description:"Only orders placed in this quarter, month or year."`
	OrderedFrom dates.Date       `json:"ordered_from,omitempty" jsonschema_description:"Only orders placed on or after this day."`
	OrderedTo   dates.Date       `json:"ordered_to,omitempty" jsonschema_description:"Only orders placed on or before this day."`
	Limit       int              `json:"limit,omitempty" jsonschema:"minimum=1,maximum=20" jsonschema_extras:"x-number=named" jsonschema_description:"How many to list. Without it: all of up to 10, else the newest 5."`
	tools.Paged
}

// CustomerOrders are the orders found. Amounts are cents.
type CustomerOrders struct {
	tools.Part
	Note          string          `json:"note,omitempty"`
	Currency      string          `json:"currency"`
	Asked         string          `json:"asked"`
	Count         int             `json:"count"`
	WorthCents    int64           `json:"worth_cents"`
	Open          int             `json:"open"`
	Late          int             `json:"late"`           // open and past the promised day
	DeliveredLate int             `json:"delivered_late"` // delivered after it
	Customers     []string        `json:"customers"`      // each once, id and name
	Orders        []CustomerOrder `json:"orders,omitempty"`
	vendor        string
}

// CustomerOrder is one order of a customer.
type CustomerOrder struct {
	ID         string `json:"id"`
	CustomerID string `json:"customer_id"`
	Customer   string `json:"customer"`
	OrderedOn  string `json:"ordered_on"`
	PromisedOn string `json:"promised_on"`
	ShippedOn  string `json:"shipped_on,omitempty"`
	WorthCents int64  `json:"worth_cents"`
	LateByDays int    `json:"late_by_days"` // until delivered, or until today
	// HeldUpBy says which items of which purchase order came, or are, late.
	HeldUpBy []HeldUp `json:"held_up_by,omitempty"`
}

// HeldUp is an item that an order had to wait for.
type HeldUp struct {
	ItemID          string `json:"item_id"`
	Item            string `json:"item"`
	PurchaseOrderID string `json:"purchase_order_id"`
	VendorID        string `json:"vendor_id"`
	Vendor          string `json:"vendor"`
}

const (
	// wholeList is how many are listed where no limit is given: people who ask "which" want all of them. Of more, a few are enough.
	wholeList     = 10
	defaultListed = 5
	// maxNamedCustomers is how many customers the first sentence names.
	maxNamedCustomers = 12
)

func (s store) customerOrders(ctx context.Context, in CustomerOrdersArguments) (*CustomerOrders, error) {
	out := &CustomerOrders{}
	span, err := dates.ParseSpan("ordered_from", in.OrderedFrom, "ordered_to", in.OrderedTo)
	if err != nil {
		return nil, err
	}
	err = s.read(ctx, func(b *books) (err error) {
		out.Currency = b.currency
		var name string
		if in.CustomerID != "" {
			if name, out.Note, err = b.lookUp(customers, string(in.CustomerID)); err != nil || out.Note != "" {
				return err
			}
			out.Asked += " of " + wording.Named(string(in.CustomerID), name)
		}
		if in.VendorID != "" {
			if name, out.Note, err = b.lookUp(vendors, string(in.VendorID)); err != nil || out.Note != "" {
				return err
			}
			out.vendor = wording.Named(string(in.VendorID), name)
		}
		if in.Period != "" {
			period, err := in.Period.Period("period")
			if err != nil {
				return err
			}
			out.Asked += " placed in " + string(in.Period) + span.Words()
			span = span.Within(period)
		} else if words := span.Words(); words != "" {
			out.Asked += " placed" + words
		}
		first, last := span.Bounds()
		found, err := b.orders(`(? = '' OR o.customer_id = ?) AND o.ordered_on >= ? AND o.ordered_on <= ? AND (? = '' OR EXISTS (SELECT 1
			FROM sales_order_waits w JOIN purchase_orders po ON po.id = w.purchase_order_id WHERE w.order_id = o.id AND po.vendor_id = ?))`,
			in.CustomerID, in.CustomerID, first, last, in.VendorID, in.VendorID)
		if err != nil {
			return err
		}
		return out.keep(found, in)
	})
	return out, err
}

// orders reads the orders of a condition, the newest first.
func (b *books) orders(condition string, arguments ...any) (found []CustomerOrder, err error) {
	err = b.Each(`SELECT o.id, c.id, c.name, o.ordered_on, o.promised_on, coalesce(o.shipped_on, ''),
			(SELECT sum(quantity * unit_price_cents) FROM sales_order_lines l WHERE l.order_id = o.id)
		FROM sales_orders o JOIN customers c ON c.id = o.customer_id WHERE `+condition+` ORDER BY o.ordered_on DESC, o.id DESC`, arguments,
		func(scan func(...any) error) error {
			var o CustomerOrder
			if err := scan(&o.ID, &o.CustomerID, &o.Customer, &o.OrderedOn, &o.PromisedOn, &o.ShippedOn, &o.WorthCents); err != nil {
				return err
			}
			o.LateByDays = max(0, b.daysSince(o.PromisedOn)-b.daysSince(cmp.Or(o.ShippedOn, iso(b.today))))
			found = append(found, o)
			return nil
		})
	if err != nil {
		return nil, err
	}
	held := map[string][]HeldUp{}
	err = b.Each(`SELECT w.order_id, i.id, i.name, po.id, v.id, v.name FROM sales_order_waits w JOIN items i ON i.id = w.item_id
		JOIN purchase_orders po ON po.id = w.purchase_order_id JOIN vendors v ON v.id = po.vendor_id ORDER BY w.order_id, w.line, po.id, i.id`, nil,
		func(scan func(...any) error) error {
			var order string
			var h HeldUp
			err := scan(&order, &h.ItemID, &h.Item, &h.PurchaseOrderID, &h.VendorID, &h.Vendor)
			if !slices.Contains(held[order], h) { // of several lines
				held[order] = append(held[order], h)
			}
			return err
		})
	for i := range found {
		found[i].HeldUpBy = held[found[i].ID]
	}
	return found, err
}

func (o *CustomerOrders) keep(found []CustomerOrder, in CustomerOrdersArguments) (err error) {
	var kept []CustomerOrder
	for _, order := range found {
		open := order.ShippedOn == ""
		late := open && order.LateByDays > 0
		if in.Status == "open" && !open || in.Status == "late" && !late || in.Status == "delivered" && open {
			continue
		}
		kept = append(kept, order)
		o.WorthCents += order.WorthCents
		switch {
		case late:
			o.Late++
		case !open && order.LateByDays > 0:
			o.DeliveredLate++
		}
		if open {
			o.Open++
		}
		if name := wording.Named(order.CustomerID, order.Customer); !slices.Contains(o.Customers, name) {
			o.Customers = append(o.Customers, name)
		}
	}
	slices.Sort(o.Customers)
	o.Count = len(kept)
	if in.Status != "" {
		o.Asked = " " + in.Status + o.Asked
	}
	o.Orders, o.Part, err = tools.Cut(kept, o.Count, in.Size(in.Limit, wholeList, defaultListed, o.Count), in.Paged)
	return err
}

// Sentences implements tools.Outcome.
func (o *CustomerOrders) Sentences() []string {
	if o.Note != "" {
		return []string{o.Note}
	}
	status, rest := "", o.Asked
	for _, word := range []string{" open", " late", " delivered"} {
		if after, found := strings.CutPrefix(o.Asked, word); found {
			status, rest = word[1:]+" ", after
		}
	}
	switch {
	case o.Count == 0 && o.vendor != "":
		return []string{fmt.Sprintf("Late deliveries of %s hold up no %scustomer order%s.", o.vendor, status, rest)}
	case o.Count == 0:
		return []string{fmt.Sprintf("There are no %scustomer orders%s.", status, rest)}
	}
	first := fmt.Sprintf("There %s %s%s, worth %s.", oneOr(o.Count, "is", "are"), wording.Counted(o.Count, status+"customer order"), rest, wording.Money(o.Currency, o.WorthCents))
	if o.vendor != "" {
		first = fmt.Sprintf("Late deliveries of %s hit %s with %s%s worth %s: %s.", o.vendor, wording.Counted(len(o.Customers), "customer"),
			wording.Counted(o.Count, status+"order"), rest, wording.Money(o.Currency, o.WorthCents), o.who())
	}
	state := ""
	switch {
	case o.Count < 2 || status == "late ":
	case o.Open > 0 && status == "open ":
		state = fmt.Sprintf("%d of them %s past the promised day.", o.Late, oneOr(o.Late, "is", "are"))
	case o.Open > 0:
		state = fmt.Sprintf("%d %s still open, %d of them past the promised day; %d came late.", o.Open, oneOr(o.Open, "is", "are"), o.Late, o.DeliveredLate)
	default:
		state = fmt.Sprintf("All are delivered, %d of them late.", o.DeliveredLate)
	}
	who := ""
	if o.vendor == "" && len(o.Customers) > 1 && len(o.Customers) <= maxNamedCustomers {
		who = fmt.Sprintf("They are from %s: %s.", wording.Counted(len(o.Customers), "customer"), o.who())
	}
	last := ""
	if len(o.Customers) == 1 && o.Count > 1 && !o.Later() {
		last = fmt.Sprintf("The last of them, %s, was placed on %s.", o.Orders[0].ID, o.Orders[0].OrderedOn)
	}
	return wording.NoneEmpty(first, state, last, who, o.listed())
}

func (o *CustomerOrders) who() string {
	if len(o.Customers) > maxNamedCustomers {
		return strings.Join(o.Customers[:maxNamedCustomers], ", ") + fmt.Sprintf(" and %d more", len(o.Customers)-maxNamedCustomers)
	}
	return wording.List(o.Customers)
}

func (o *CustomerOrders) listed() string {
	words := make([]string, len(o.Orders))
	for i, order := range o.Orders {
		who := " of " + wording.Named(order.CustomerID, order.Customer)
		switch {
		case len(o.Customers) == 1:
			who = ""
		case len(o.Customers) <= maxNamedCustomers: // a sentence before has their names
			who = " of " + order.CustomerID
		}
		words[i] = fmt.Sprintf("%s%s placed on %s, %s, %s", order.ID, who, order.OrderedOn, wording.Money(o.Currency, order.WorthCents), order.state())
	}
	end := "."
	if more := o.Rest(); more > 0 {
		last := len(o.Orders) - 1
		end = fmt.Sprintf("; and %d more, ask with %s.", more,
			o.With(wording.Further("a customer_id", "a period", len(o.Orders), "ordered_to", o.Orders[0].OrderedOn, o.Orders[last].OrderedOn)))
	}
	return o.Title("Newest first: ") + strings.Join(words, "; ") + end
}

// state says when an order was or will be delivered, and what it waits for.
func (o CustomerOrder) state() string {
	text := "promised for " + o.PromisedOn
	switch {
	case o.ShippedOn != "":
		text = "delivered on " + o.ShippedOn
		if o.LateByDays > 0 {
			text += ", " + wording.Counted(o.LateByDays, "day") + " late"
		}
	case o.LateByDays > 0:
		text += " and " + wording.Counted(o.LateByDays, "day") + " late"
	}
	words := make([]string, len(o.HeldUpBy))
	for i, h := range o.HeldUpBy {
		words[i] = fmt.Sprintf(", held up by %s of %s from %s", h.ItemID, h.PurchaseOrderID, h.VendorID)
	}
	return text + strings.Join(words, "")
}
