package demo

// The rows of sales are named after their tables, as those of purchasing are.
type (
	// SalesPerson looks after customers.
	SalesPerson struct {
		ID        string `column:"id"`
		Name      string `column:"name"`
		NameLocal string `column:"name_local"`
	}
	// Customer buys products.
	Customer struct {
		ID               string `column:"id"`
		Name             string `column:"name"`
		NameLocal        string `column:"name_local"`
		Industry         string `column:"industry"`
		Country          string `column:"country"`
		Segment          string `column:"segment"`
		Since            string `column:"since"`
		OwnerID          string `column:"owner_id"`
		PaymentTermsDays int    `column:"payment_terms_days"`
	}
	// Contact is a person at a customer.
	Contact struct {
		ID         string `column:"id"`
		CustomerID string `column:"customer_id"`
		Name       string `column:"name"`
		NameLocal  string `column:"name_local"`
		Role       string `column:"role"`
		Mail       string `column:"mail"`
	}
	// Product is something sold.
	Product struct {
		ID        string `column:"id"`
		Name      string `column:"name"`
		NameLocal string `column:"name_local"`
		Kind      string `column:"kind"`
		Unit      string `column:"unit"`
	}
	// ProductPart is a purchased item in a product.
	ProductPart struct {
		ProductID string `column:"product_id"`
		ItemID    string `column:"item_id"`
		Quantity  int64  `column:"quantity"`
	}
	// ListPrice is what a product costs from a date on.
	ListPrice struct {
		ProductID      string `column:"product_id"`
		ValidFrom      string `column:"valid_from"`
		UnitPriceCents int64  `column:"unit_price_cents"`
		Currency       string `column:"currency"`
	}
	// DiscountTier is the discount on an order of a segment from a value on.
	DiscountTier struct {
		Segment   string `column:"segment"`
		FromCents int64  `column:"from_cents"`
		Percent   int64  `column:"percent"`
	}
	// Lead is a company that may become a customer.
	Lead struct {
		ID          string  `column:"id"`
		Company     string  `column:"company"`
		NameLocal   string  `column:"name_local"`
		Contact     string  `column:"contact"`
		Industry    string  `column:"industry"`
		Country     string  `column:"country"`
		Employees   int     `column:"employees"`
		Source      string  `column:"source"`
		Stage       string  `column:"stage"`
		BudgetCents *int64  `column:"budget_cents"`
		WantedOn    *string `column:"wanted_on"`
		CreatedOn   string  `column:"created_on"`
		OwnerID     string  `column:"owner_id"`
		NextStep    string  `column:"next_step"`
		NextStepOn  *string `column:"next_step_on"`
		Inquiry     string  `column:"inquiry"`
		Currency    string  `column:"currency"`
	}
	// Deal is what a customer or a lead may order.
	Deal struct {
		ID              string  `column:"id"`
		CustomerID      *string `column:"customer_id"`
		LeadID          *string `column:"lead_id"`
		Title           string  `column:"title"`
		AmountCents     int64   `column:"amount_cents"`
		Currency        string  `column:"currency"`
		ExpectedCloseOn string  `column:"expected_close_on"`
		OwnerID         string  `column:"owner_id"`
	}
	// DealStep is the day on which a deal entered a stage.
	DealStep struct {
		DealID    string `column:"deal_id"`
		Step      int    `column:"step"`
		Stage     string `column:"stage"`
		EnteredOn string `column:"entered_on"`
	}
	// Activity is a call, a visit, a mail, a meeting or a note.
	Activity struct {
		ID         string  `column:"id"`
		CustomerID *string `column:"customer_id"`
		LeadID     *string `column:"lead_id"`
		Kind       string  `column:"kind"`
		HappenedOn string  `column:"happened_on"`
		FromThem   int     `column:"from_them"`
		OwnerID    string  `column:"owner_id"`
		Text       string  `column:"text"`
	}
	// SalesOrder is an order of a customer.
	SalesOrder struct {
		ID              string  `column:"id"`
		CustomerID      string  `column:"customer_id"`
		OrderedOn       string  `column:"ordered_on"`
		PromisedOn      string  `column:"promised_on"`
		ShippedOn       *string `column:"shipped_on"`
		DiscountPercent int64   `column:"discount_percent"`
		Currency        string  `column:"currency"`
	}
	// SalesOrderLine is one product of an order, at the price after the discount.
	SalesOrderLine struct {
		OrderID        string `column:"order_id"`
		Line           int    `column:"line"`
		ProductID      string `column:"product_id"`
		Quantity       int64  `column:"quantity"`
		UnitPriceCents int64  `column:"unit_price_cents"`
	}
	// SalesOrderWait is a line that a purchase order held up.
	SalesOrderWait struct {
		OrderID         string `column:"order_id"`
		Line            int    `column:"line"`
		PurchaseOrderID string `column:"purchase_order_id"`
		ItemID          string `column:"item_id"`
	}
	// CustomerInvoice is what a customer is asked to pay.
	CustomerInvoice struct {
		ID          string  `column:"id"`
		OrderID     string  `column:"order_id"`
		CustomerID  string  `column:"customer_id"`
		InvoicedOn  string  `column:"invoiced_on"`
		DueOn       string  `column:"due_on"`
		PaidOn      *string `column:"paid_on"`
		AmountCents int64   `column:"amount_cents"`
		Currency    string  `column:"currency"`
	}
	// Complaint is what a customer is unhappy with.
	Complaint struct {
		ID         string  `column:"id"`
		CustomerID string  `column:"customer_id"`
		OrderID    *string `column:"order_id"`
		Kind       string  `column:"kind"`
		OpenedOn   string  `column:"opened_on"`
		ClosedOn   *string `column:"closed_on"`
		Text       string  `column:"text"`
	}
	// Quote is an offer to a customer.
	Quote struct {
		ID              string  `column:"id"`
		CustomerID      string  `column:"customer_id"`
		DealID          *string `column:"deal_id"`
		Status          string  `column:"status"`
		QuotedOn        string  `column:"quoted_on"`
		ValidUntil      string  `column:"valid_until"`
		DiscountPercent int64   `column:"discount_percent"`
		ListCents       int64   `column:"list_cents"`
		TotalCents      int64   `column:"total_cents"`
		Currency        string  `column:"currency"`
	}
	// QuoteLine is one product of a quote, at its list price.
	QuoteLine struct {
		QuoteID        string `column:"quote_id"`
		Line           int    `column:"line"`
		ProductID      string `column:"product_id"`
		Quantity       int64  `column:"quantity"`
		UnitPriceCents int64  `column:"unit_price_cents"`
	}
)

// SalesRows are all rows of the demo company's sales, in the order in which the tables must be filled.
type SalesRows struct {
	SalesPeople      []SalesPerson     `table:"sales_people"`
	Customers        []Customer        `table:"customers"`
	Contacts         []Contact         `table:"contacts"`
	Products         []Product         `table:"products"`
	ProductParts     []ProductPart     `table:"product_parts"`
	PriceList        []ListPrice       `table:"price_list"`
	DiscountTiers    []DiscountTier    `table:"discount_tiers"`
	Leads            []Lead            `table:"leads"`
	Deals            []Deal            `table:"deals"`
	DealSteps        []DealStep        `table:"deal_steps"`
	Activities       []Activity        `table:"activities"`
	SalesOrders      []SalesOrder      `table:"sales_orders"`
	SalesOrderLines  []SalesOrderLine  `table:"sales_order_lines"`
	SalesOrderWaits  []SalesOrderWait  `table:"sales_order_waits"`
	CustomerInvoices []CustomerInvoice `table:"customer_invoices"`
	Complaints       []Complaint       `table:"complaints"`
	Quotes           []Quote           `table:"quotes"`
	QuoteLines       []QuoteLine       `table:"quote_lines"`
}
