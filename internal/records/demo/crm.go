package demo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// salesSeed is sales' own: a change there leaves the rows of purchasing as they are.
const salesSeed = 5

// The story: this delivery of VND-003 came 20 days late, and its guide carriages held up the linear axes and cross tables of customers.
const (
	lateDelivery = "PO-2025-0262"
	lateItem     = "B-208"
)

// fadingFrom is the half month, counted from the first, from which some customers order less; after goneFrom those that left order nothing.
const fadingFrom, goneFrom = 34, 37

// seller holds what has been made of sales so far.
type seller struct {
	random     *rand.Rand
	purchasing Rows
	rows       SalesRows
	orders     []draftSale
	next       []int // the half month of each buyer's next order
}

// draftSale is a sales order before it has a number, which follows from its date.
type draftSale struct {
	order   SalesOrder
	lines   []SalesOrderLine
	waits   []SalesOrderWait
	buyer   int
	shipped string // empty: open
}

// GenerateSales makes the demo company's sales: customers, leads and deals, and two years of orders whose deliveries add up to the ledger's
// revenue, half month by half month. Every call returns the same rows.
func GenerateSales(purchasing Rows) SalesRows {
	s := &seller{
		random:     rand.New(rand.NewPCG(seed1, salesSeed)), //nolint:gosec // the same rows every time
		next:       make([]int, len(buyers)),
		purchasing: purchasing,
	}
	s.rows.SalesPeople = slices.Clone(salesPeople)
	s.rows.DiscountTiers = slices.Clone(discountTiers)
	s.makeProducts()
	s.makeCustomers()
	s.makeLeads()
	s.deliver()
	s.takeOpenOrders()
	s.holdUp()
	s.numberOrders()
	s.billCustomers()
	s.complain()
	s.stayInTouch()
	s.makeDeals()
	s.makeQuotes()
	return s.rows
}

func (s *seller) makeProducts() {
	for _, p := range sellables {
		english, local, _ := strings.Cut(p.name, "|")
		s.rows.Products = append(s.rows.Products, Product{p.id, english, local, p.kind, p.unit})
		for part := range strings.SplitSeq(p.parts, ",") {
			if item, quantity, found := strings.Cut(part, " "); found {
				s.rows.ProductParts = append(s.rows.ProductParts, ProductPart{p.id, item, whole(quantity)})
			}
		}
		if p.cents > 0 {
			s.rows.PriceList = append(s.rows.PriceList, ListPrice{p.id, "2024-01-01", p.cents, Currency},
				ListPrice{p.id, "2025-04-01", p.cents * 103 / 100, Currency})
		}
	}
}

func whole(digits string) int64 {
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("demo: %v", err)) // only the package's own text gets here
	}
	return number
}

func (s *seller) makeCustomers() {
	terms := map[string]int{"key": 45, "standard": 30, "small": 14}
	for i, b := range buyers {
		english, local, _ := strings.Cut(b.name, "|")
		id := fmt.Sprintf("CUS-%03d", i+1)
		s.rows.Customers = append(s.rows.Customers, Customer{id, english, local, b.industry, b.country, b.segment, b.since, b.owner, terms[b.segment]})
		domain := strings.ToLower(strings.Map(lettersOnly, strings.Fields(english)[0]+strings.Fields(english)[1])) + ".example"
		for person := range strings.SplitSeq(b.contacts, ";") {
			parts := strings.Split(person, "|")
			mail := strings.ToLower(strings.ReplaceAll(parts[0], " ", ".")) + "@" + domain
			s.rows.Contacts = append(s.rows.Contacts,
				Contact{fmt.Sprintf("CON-%03d", len(s.rows.Contacts)+1), id, parts[0], parts[1], parts[2], mail})
		}
		s.next[i] = i % b.every
		if b.since > "2024-01-01" {
			panic("demo: " + english + " has come after the first order") // the catalogue's mistake
		}
	}
}

func lettersOnly(symbol rune) rune {
	if symbol >= 'a' && symbol <= 'z' || symbol >= 'A' && symbol <= 'Z' {
		return symbol
	}
	return -1
}

func (s *seller) between(low, high int64) int64 { return low + s.random.Int64N(high-low+1) }

// halfMonth returns the first and the last day of a half month.
func halfMonth(half int) (first, last time.Time) {
	month := quarterStart(0).AddDate(0, half/2, 0)
	if half%2 == 0 {
		return month, month.AddDate(0, 0, 14)
	}
	return month.AddDate(0, 0, 15), month.AddDate(0, 1, -1)
}

// deliver makes the orders that were delivered: in every half month as much as the ledger says was sold.
func (s *seller) deliver() {
	booked := map[string]map[string]int64{} // by account and day
	days := map[string]string{}
	for _, e := range s.purchasing.JournalEntries {
		days[e.ID] = e.PostedOn
	}
	for _, l := range s.purchasing.JournalLines {
		if booked[l.AccountID] == nil {
			booked[l.AccountID] = map[string]int64{}
		}
		booked[l.AccountID][days[l.EntryID]] -= l.AmountCents
	}
	for half := 0; ; half++ {
		_, last := halfMonth(half)
		if text(last) > Today {
			return
		}
		s.deliverHalf(half, booked["4000"][text(last)], booked["4100"][text(last)])
	}
}

// deliverHalf divides a half month's sales between the buyers whose turn it is.
func (s *seller) deliverHalf(half int, products, services int64) {
	var turns []int
	var weights []int64
	var sum int64
	for i, b := range buyers {
		if s.next[i] > half || b.habit == "gone" && half > goneFrom {
			continue
		}
		weight := b.weight * s.between(700, 1300)
		every := b.every
		switch {
		case b.habit == "growing":
			weight = weight * int64(60+half) / 60
		case b.habit == "fading" && half >= fadingFrom:
			weight = weight * 45 / 100
			every *= 2
		}
		s.next[i] = half + every
		if s.random.IntN(100) < 20 {
			s.next[i]++
		}
		turns, weights, sum = append(turns, i), append(weights, weight), sum+weight
	}
	restOfProducts, restOfServices := products, services
	for at, i := range turns {
		product, service := products*weights[at]/sum, services*weights[at]/sum
		if restOfProducts < product {
			product = restOfProducts
		}
		sale := s.sell(i, half, product)
		restOfProducts -= sale.sum()
		if at == len(turns)-1 {
			sale.add(madeToOrder, 1, restOfProducts)
			service = restOfServices
		}
		if s.random.IntN(100) < 55 || at == len(turns)-1 {
			sale.add(commissioning, 1, service)
			restOfServices -= service
		}
		s.orders = append(s.orders, sale)
	}
}

// sell makes an order of a buyer, delivered in a half month, of at most some cents.
func (s *seller) sell(i, half int, most int64) draftSale {
	first, last := halfMonth(half)
	shipped := first.AddDate(0, 0, s.random.IntN(int(last.Sub(first).Hours()/24)+1))
	if moved := workday(shipped); !moved.After(last) {
		shipped = moved
	} else {
		shipped = shipped.AddDate(0, 0, -2) // the Friday before
	}
	ordered := workday(shipped.AddDate(0, 0, -int(s.between(18, 46))))
	if ordered.Before(date("2024-01-02")) {
		ordered = date("2024-01-02")
	}
	promised := shipped.AddDate(0, 0, int(s.between(0, 4)))
	if s.random.IntN(100) < 9 {
		promised = shipped.AddDate(0, 0, -int(s.between(2, 12)))
	}
	if promised.Before(ordered) {
		promised = ordered
	}
	sale := draftSale{buyer: i, shipped: text(shipped)}
	sale.order = SalesOrder{CustomerID: s.rows.Customers[i].ID, OrderedOn: text(ordered), PromisedOn: text(promised), Currency: Currency}
	day := text(shipped)
	sale.order.ShippedOn = &day
	s.choose(&sale, most)
	return sale
}

// choose fills an order with up to three of the buyer's usual products, at the list price of its day less the discount of its tier.
func (s *seller) choose(sale *draftSale, most int64) {
	usual := []int{(sale.buyer * 5) % 14, (sale.buyer*5 + 3) % 14, (sale.buyer*3 + 8) % 14}
	kinds := 1 + s.random.IntN(3)
	discount := tier(buyers[sale.buyer].segment, most)
	for {
		sale.lines = nil
		var gross int64
		rest := most
		for n := range kinds {
			product := sellables[usual[n]]
			list := s.listPrice(product.id, sale.order.OrderedOn)
			price := Discounted(list, discount)
			quantity := rest / int64(kinds-n) / price
			if quantity > 0 {
				sale.add(product.id, quantity, price)
				gross += quantity * list
				rest -= quantity * price
			}
		}
		kit := Discounted(s.listPrice("SK-010", sale.order.OrderedOn), discount) // spare parts take the rest
		if quantity := min(rest/kit, 40); quantity > 0 && !slices.ContainsFunc(sale.lines, func(l SalesOrderLine) bool { return l.ProductID == "SK-010" }) {
			sale.add("SK-010", quantity, kit)
			gross += quantity * s.listPrice("SK-010", sale.order.OrderedOn)
		}
		if allowed := tier(buyers[sale.buyer].segment, gross); allowed < discount {
			discount = allowed
			continue
		}
		sale.order.DiscountPercent = discount
		return
	}
}

// Discounted is a list price less a discount, rounded half up to whole cents.
func Discounted(cents, percent int64) int64 { return (cents*(100-percent) + 50) / 100 }

// tier is the discount of a segment on an order of that value at list prices.
func tier(segment string, gross int64) (percent int64) {
	for _, t := range discountTiers {
		if t.Segment == segment && gross >= t.FromCents {
			percent = t.Percent
		}
	}
	return percent
}

// listPrice is the list price of a product on a day.
func (s *seller) listPrice(product, day string) (cents int64) {
	for _, p := range s.rows.PriceList {
		if p.ProductID == product && p.ValidFrom <= day {
			cents = p.UnitPriceCents
		}
	}
	return cents
}

func (d *draftSale) add(product string, quantity, price int64) {
	if price > 0 {
		d.lines = append(d.lines, SalesOrderLine{Line: len(d.lines) + 1, ProductID: product, Quantity: quantity, UnitPriceCents: price})
	}
}

// sum is what the products of the order come to.
func (d *draftSale) sum() (cents int64) {
	for _, line := range d.lines {
		cents += line.Quantity * line.UnitPriceCents
	}
	return cents
}

// takeOpenOrders makes the orders that are not delivered yet: of those whose turn comes next.
func (s *seller) takeOpenOrders() {
	today := date(Today)
	for i, b := range buyers {
		if b.habit == "gone" || b.habit == "fading" || s.next[i] > 51 {
			continue
		}
		ordered := workday(today.AddDate(0, 0, -int(s.between(3, 38))))
		sale := draftSale{buyer: i}
		sale.order = SalesOrder{CustomerID: s.rows.Customers[i].ID, OrderedOn: text(ordered),
			PromisedOn: text(workday(today.AddDate(0, 0, int(s.between(4, 40))))), Currency: Currency}
		s.choose(&sale, b.weight*s.between(30_000, 60_000))
		if len(sale.lines) > 0 {
			s.orders = append(s.orders, sale)
		}
	}
}

// holdUp lets purchase orders that came, or are, late hold up orders that need their items: some were delivered late, some still wait.
func (s *seller) holdUp() {
	var held, waiting int
	for i := range s.orders {
		o := &s.orders[i]
		line := s.lineWith(o, lateItem)
		switch {
		case line == 0:
		case o.shipped >= "2025-11-26" && o.shipped <= "2026-01-09" && o.order.OrderedOn <= "2025-11-21" && held < 5:
			held++
			o.order.PromisedOn = text(workday(date(o.shipped).AddDate(0, 0, -int(s.between(9, 18)))))
			o.waits = append(o.waits, SalesOrderWait{"", line, lateDelivery, lateItem})
		case o.shipped == "" && waiting < 3:
			waiting++ // the carriages that came went into the orders before
			o.order.OrderedOn = text(workday(date("2025-11-10").AddDate(0, 0, waiting*2)))
			o.order.PromisedOn = text(workday(date("2025-12-18").AddDate(0, 0, waiting*6)))
			o.waits = append(o.waits, SalesOrderWait{"", line, lateDelivery, lateItem})
		}
	}
	s.holdUpOpen("PO-2025-0313", "A-104", 1)
	s.holdUpOpen("PO-2025-0297", "C-309", 2)
}

// holdUpOpen lets open orders wait for a purchase order that has not come.
func (s *seller) holdUpOpen(purchase, item string, most int) {
	for i := range s.orders {
		o := &s.orders[i]
		line := s.lineWith(o, item)
		if most == 0 || o.shipped != "" || line == 0 || len(o.waits) > 0 {
			continue
		}
		most--
		o.order.PromisedOn = text(workday(date(Today).AddDate(0, 0, -int(s.between(2, 7)))))
		o.order.OrderedOn = text(workday(date("2025-12-08").AddDate(0, 0, most)))
		o.waits = append(o.waits, SalesOrderWait{"", line, purchase, item})
	}
}

// lineWith is the line of an order whose product holds an item; zero: none.
func (s *seller) lineWith(o *draftSale, item string) int {
	for _, line := range o.lines {
		if slices.ContainsFunc(s.rows.ProductParts, func(p ProductPart) bool { return p.ProductID == line.ProductID && p.ItemID == item }) {
			return line.Line
		}
	}
	return 0
}

func (s *seller) numberOrders() {
	slices.SortStableFunc(s.orders, func(a, b draftSale) int { return cmp.Compare(a.order.OrderedOn, b.order.OrderedOn) })
	numbers := map[string]int{}
	for i := range s.orders {
		o := &s.orders[i]
		o.order.ID = documentNumber(numbers, "SO", o.order.OrderedOn)
		s.rows.SalesOrders = append(s.rows.SalesOrders, o.order)
		for _, line := range o.lines {
			line.OrderID = o.order.ID
			s.rows.SalesOrderLines = append(s.rows.SalesOrderLines, line)
		}
		for _, wait := range o.waits {
			wait.OrderID = o.order.ID
			s.rows.SalesOrderWaits = append(s.rows.SalesOrderWaits, wait)
		}
	}
}

// documentNumber counts a kind of document per year: SO-2025-0001.
func documentNumber(numbers map[string]int, kind, day string) string {
	numbers[day[:4]]++
	return fmt.Sprintf("%s-%s-%04d", kind, day[:4], numbers[day[:4]])
}

// billCustomers bills every delivery on its day. Most pay around the day that is due, some late, and those who fade away let bills lie.
func (s *seller) billCustomers() {
	delivered := slices.DeleteFunc(slices.Clone(s.orders), func(o draftSale) bool { return o.shipped == "" })
	slices.SortStableFunc(delivered, func(a, b draftSale) int { return cmp.Compare(a.shipped, b.shipped) })
	numbers := map[string]int{}
	for _, o := range delivered {
		due := date(o.shipped).AddDate(0, 0, s.rows.Customers[o.buyer].PaymentTermsDays)
		late := s.between(-6, 4)
		habit := buyers[o.buyer].habit
		switch {
		case habit == "slow":
			late = s.between(12, 38)
		case habit == "fading" && o.shipped >= "2025-07-01" && s.random.IntN(100) < 60:
			late = s.between(10, 45)
		case s.random.IntN(100) < 6:
			late = s.between(8, 25)
		}
		row := CustomerInvoice{ID: documentNumber(numbers, "CI", o.shipped), OrderID: o.order.ID, CustomerID: o.order.CustomerID, InvoicedOn: o.shipped,
			DueOn: text(due), AmountCents: o.sum(), Currency: Currency}
		if paid := text(workday(due.AddDate(0, 0, int(late)))); paid <= Today && paid >= o.shipped {
			row.PaidOn = &paid
		}
		s.rows.CustomerInvoices = append(s.rows.CustomerInvoices, row)
	}
}
