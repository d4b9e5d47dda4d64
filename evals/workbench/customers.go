package workbench

import (
	"fmt"
	"strings"

	"bestbox/tools"
)

func customerTools(s *session) []*tools.Tool {
	const area = "customer_relationship_manager_"
	return []*tools.Tool{
		reads(s, area+"search_customers", "Finds customers by parts of their fields and by days.", searchCustomers),
		writes(s, area+"update_customer", "Changes one field of a customer.", updateCustomer),
		writes(s, area+"add_customer", "Adds a customer.", addCustomer),
		writes(s, area+"delete_customer", "Deletes a customer.", func(w *World, in customerID) (said, error) {
			return deleted(&w.Customers, in.CustomerID)
		}),
	}
}

const (
	customerStatus   = "Qualified, Won, Lost, Lead, Proposal"
	customerProducts = "Software, Hardware, Services, Consulting, Training"
)

type customerSearch struct {
	spelling
	AssignedTo     string `json:"assigned_to_email,omitempty" jsonschema_extras:"x-addressees=mail" jsonschema_description:"Address of the colleague in charge."`
	Product        string `json:"product_interest,omitempty" jsonschema:"enum=Software,enum=Hardware,enum=Services,enum=Consulting,enum=Training" jsonschema_extras:"x-words=Software:software;Hardware:hardware;Services:service|services;Consulting:consulting;Training:training"`
	Status         string `json:"status,omitempty" jsonschema:"enum=Qualified,enum=Won,enum=Lost,enum=Lead,enum=Proposal" jsonschema_extras:"x-words=Qualified:qualified;Won:won;Lost:lost;Lead:lead|leads;Proposal:proposal|proposals"`
	Name           string `json:"customer_name,omitempty"`
	Email          string `json:"customer_email,omitempty" jsonschema_extras:"x-said=@"`
	LastContactMin string `json:"last_contact_date_min,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,example=2023-01-30"`
	LastContactMax string `json:"last_contact_date_max,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,example=2023-01-31"`
	FollowUpMin    string `json:"follow_up_by_min,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,example=2023-01-30"`
	FollowUpMax    string `json:"follow_up_by_max,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,example=2023-01-31"`
}

func searchCustomers(world *World, in customerSearch) (said, error) {
	found := world.Customers.where(func(cell func(string) string) bool {
		return has(cell("customer_name"), in.Name) && has(cell("customer_email"), in.Email) && has(cell("product_interest"), in.Product) &&
			has(cell("status"), in.Status) && has(cell("assigned_to_email"), in.AssignedTo) &&
			between(cell("last_contact_date"), in.LastContactMin, in.LastContactMax) && between(cell("follow_up_by"), in.FollowUpMin, in.FollowUpMax)
	})
	return listed(found, mostFound, "customers", func(row []string) string {
		return fmt.Sprintf("CU-%s %s of %s, interested in %s, status %s, last contact on %s", row[0], row[2], row[1], row[6], row[7], row[5])
	}), nil
}

type customerID struct {
	spelling
	CustomerID string `json:"customer_id" jsonschema:"pattern=^CU-[0-9]+$,example=CU-00000000"`
}

type customerChange struct {
	customerID
	Field    string `json:"field" jsonschema:"enum=status,enum=assigned_to_email,enum=customer_name,enum=customer_email,enum=customer_phone,enum=last_contact_date,enum=product_interest,enum=follow_up_by,enum=notes"`
	NewValue string `json:"new_value" jsonschema:"minLength=1"`
}

type newCustomer struct {
	spelling
	Name        string `json:"customer_name" jsonschema:"minLength=1" jsonschema_extras:"x-said=add|new|create|register|enter"`
	AssignedTo  string `json:"assigned_to_email" jsonschema:"minLength=1" jsonschema_extras:"x-addressees=mail"`
	Status      string `json:"status" jsonschema:"enum=Qualified,enum=Won,enum=Lost,enum=Lead,enum=Proposal"`
	Email       string `json:"customer_email,omitempty"`
	Phone       string `json:"customer_phone,omitempty"`
	LastContact string `json:"last_contact_date,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,example=2023-01-31"`
	Product     string `json:"product_interest,omitempty" jsonschema:"enum=Software,enum=Hardware,enum=Services,enum=Consulting,enum=Training"`
	FollowUp    string `json:"follow_up_by,omitempty" jsonschema:"pattern=^[0-9]{4}-[0-9]{2}-[0-9]{2}$,example=2023-01-31"`
	Notes       string `json:"notes,omitempty"`
}

func addCustomer(world *World, in newCustomer) (said, error) {
	id := fmt.Sprintf("%08d", world.Customers.largestID()+1)
	world.Customers.Rows = append(world.Customers.Rows, []string{id, strings.ToLower(in.AssignedTo), in.Name, strings.ToLower(in.Email), in.Phone,
		in.LastContact, in.Product, in.Status, in.FollowUp, in.Notes})
	return said{fmt.Sprintf("The customer %s was added.", in.Name)}, nil
}

func updateCustomer(world *World, in customerChange) (said, error) {
	value := in.NewValue
	switch in.Field {
	case "status":
		if !oneOf(value, customerStatus) {
			return nil, wrong("new_value", value, "one of "+customerStatus)
		}
	case "product_interest":
		if !oneOf(value, customerProducts) {
			return nil, wrong("new_value", value, "one of "+customerProducts)
		}
	case "assigned_to_email", "customer_email":
		value = strings.ToLower(value)
	}
	return updated(&world.Customers, in.CustomerID, in.Field, value)
}

// oneOf tells whether a value stands in a list with commas between.
func oneOf(value, list string) bool {
	for one := range strings.SplitSeq(list, ", ") {
		if one == value {
			return true
		}
	}
	return false
}
